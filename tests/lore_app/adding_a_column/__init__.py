"""Migrations for tests of `migrate` itself: settings.MIGRATION_MODULES = {"lore_app": "tests.lore_app.adding_a_column"}."""
