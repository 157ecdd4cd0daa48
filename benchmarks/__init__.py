"""Measurements, each printing a table and one JSON line. Recorded in docs/performance.md with the command that made them."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lore_app.settings")
django.setup()
