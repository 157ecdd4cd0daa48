"""The product's settings with one more migration to run: a column for every pair (benchmarks.million)."""

from lore_app.settings import *  # noqa: F403

MIGRATION_MODULES = {"lore_app": "tests.lore_app.adding_a_column"}
