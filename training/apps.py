from django.apps import AppConfig


class TrainingConfig(AppConfig):
    name = "training"

    def ready(self) -> None:
        """Its kind of job."""
        from jobs import kinds
        from training import training_jobs

        kinds.register(training_jobs.KIND)
