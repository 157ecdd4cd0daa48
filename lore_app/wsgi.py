"""The WSGI application."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lore_app.settings")
application = get_wsgi_application()


def _bound_statements() -> None:
    """Here and not in settings: workers and commands may take their time."""
    from django.conf import settings

    from lore_app import database

    database.bounded(settings.DATABASES["default"], settings.WEB_STATEMENT_SECONDS)


_bound_statements()
