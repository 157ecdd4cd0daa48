from django.apps import AppConfig


class TrainingConfig(AppConfig):
    name = "training"

    def ready(self) -> None:
        """Its kind of job."""
        from jobs import failures, kinds
        from training import distilled, training_jobs

        kinds.register(training_jobs.KIND)
        failures.tell(distilled.WHY_FAILED)
