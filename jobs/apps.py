from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "jobs"

    def ready(self) -> None:
        from jobs import kinds
        from projects import retention

        kinds.chore(retention.end_by_time, seconds=24 * 3600, at_it=1)
