from django.apps import AppConfig


class LoreConfig(AppConfig):
    name = "lore_app"
    label = "lore_app"

    def ready(self) -> None:
        from lore_app import checks, privileges  # noqa: F401  (registered by import)
