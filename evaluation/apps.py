from django.apps import AppConfig


class EvaluationConfig(AppConfig):
    name = "evaluation"

    def ready(self) -> None:
        """Its kind of job."""
        from evaluation import canary_jobs
        from jobs import kinds

        kinds.register(canary_jobs.KIND)
