"""The WSGI application, once the start-up checks have passed."""

import os

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

from lore_app import database
from projects import starting

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lore_app.settings")
try:
    application = get_wsgi_application()
except ImproperlyConfigured as error:
    starting.refuse(error)
database.bound_web_statements()  # here and not in settings: workers and commands may take their time
starting.check()
