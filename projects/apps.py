from django.apps import AppConfig


class ProjectsConfig(AppConfig):
    name = "projects"

    def ready(self) -> None:
        from projects import sessions  # noqa: F401  (its receiver is registered by import)
