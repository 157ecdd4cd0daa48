from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "jobs"

    def ready(self) -> None:
        from jobs import kinds, leasing
        from projects import deleting, retention

        deleting.project_leaves.register(leasing.end_all_of)
        kinds.chore(deleting.go_on, seconds=10, at_it=0.05)
        kinds.chore(retention.end_by_time, seconds=24 * 3600, at_it=1)
