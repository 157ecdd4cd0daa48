"""The WSGI application, once the start-up checks have passed."""

import os

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from database import connecting
from lore_app.request_bodies import whole_bodies
from projects import starting

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lore_app.settings")
try:
    application = whole_bodies(get_wsgi_application())
except ImproperlyConfigured as error:
    starting.refuse(error)
# Here and not in settings: workers and commands may take their time.
connecting.bounded(settings.DATABASES["default"], settings.WEB_STATEMENT_SECONDS)
starting.check()
get_resolver().url_patterns  # noqa: B018 - reads the code of every page, which the first visitor would wait for
