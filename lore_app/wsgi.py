"""The WSGI application, once the start-up checks have passed."""

import os

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

from lore_app.whole_bodies import whole_bodies
from projects import starting

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lore_app.settings")
try:
    application = whole_bodies(get_wsgi_application())
except ImproperlyConfigured as error:
    starting.refuse(error)
starting.check()
