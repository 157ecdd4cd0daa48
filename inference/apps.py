from django.apps import AppConfig


class InferenceConfig(AppConfig):
    name = "inference"

    def ready(self) -> None:
        """What this app plugs into the layers below."""
        from inference import registry
        from projects import founding

        founding.project_founded.register(registry.start_with_default)
