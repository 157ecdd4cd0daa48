from django.apps import AppConfig


class AnnotationConfig(AppConfig):
    name = "annotation"

    def ready(self) -> None:
        """What this app plugs into the layers below, and its kinds of job."""
        from annotation import overview
        from annotation.curation import exporting
        from annotation.evidence_checks import gate
        from annotation.gold import following_models, intake, settling
        from annotation.judging import left_behind, queue
        from annotation.pairs import more_judgments
        from annotation.standard import backtesting, rule_replays, sampled_backtesting
        from annotation.trust import measurable
        from catalogue.importing import storing
        from inference.playground import trials
        from inference.prelabel import predictions, progress
        from jobs import failures, kinds
        from projects import deleting, gates, home_cards
        from rules import following, foretelling, publishing, reviewing

        deleting.project_leaves.register(exporting.discard_all_of)
        gates.turned_away.register(left_behind.keep)
        home_cards.cards.register(overview.cards)
        reviewing.objections_to.register(rule_replays.gate)
        foretelling.to_be_foretold.register(rule_replays.of_draft)
        foretelling.foretold.register(rule_replays.foretold)
        publishing.version_published.register(rule_replays.of_publication)
        following.moved.register(rule_replays.of_move)
        storing.chunk_stored.register(intake.take)
        storing.queries_became_benchmark.register(intake.judge_blind)
        predictions.predictions_stored.register(following_models.take)
        trials.gold_to_measure.register(measurable.gold_to_measure)
        trials.basis_of.register(measurable.basis_of)
        progress.disputes_with_the_model.register(settling.disputes_with_the_model)

        kinds.register(
            exporting.KIND, backtesting.KIND, sampled_backtesting.KIND, rule_replays.KIND, more_judgments.KIND
        )
        failures.tell({**exporting.WHY_FAILED, **backtesting.WHY_FAILED})
        kinds.chore(queue.expire_leases, seconds=1, queue=kinds.DISPATCHING)
        kinds.chore(following_models.follow_all, seconds=1, at_it=0.05, queue=kinds.DISPATCHING)
        kinds.chore(exporting.tidy, seconds=600)
        kinds.chore(gate.follow, seconds=10)
