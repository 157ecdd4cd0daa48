from django.apps import AppConfig


class InferenceConfig(AppConfig):
    name = "inference"

    def ready(self) -> None:
        """What this app plugs into the layers below, and its kinds of job."""
        from catalogue.importing import storing
        from inference import imported_predictions, unanswered
        from inference.knowledge import file_jobs
        from inference.playground import trials
        from inference.prelabel import captions, query_readings, runs
        from inference.registry import registry, retiring
        from jobs import failures, kinds
        from projects import creating, deleting

        storing.chunk_stored.register(imported_predictions.take)
        deleting.project_leaves.register(retiring.lessons_leave)
        deleting.project_leaves.register(captions.empty_all_of)
        creating.project_founded.register(registry.start_with_default)
        kinds.register(runs.KIND, trials.KIND, file_jobs.KIND, query_readings.KIND)
        failures.tell({**unanswered.WHY_INVALID, **unanswered.WHY_NO_ANSWER, **unanswered.WHY_NOTHING})
        failures.tell(query_readings.WHY_REFUSED)
