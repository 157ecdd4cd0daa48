from django.apps import AppConfig


class AnnotationConfig(AppConfig):
    name = "annotation"

    def ready(self) -> None:
        """What this app plugs into the layers below, and its kinds of job."""
        from annotation import (
            backtesting,
            briefing,
            canary_jobs,
            exporting,
            fetching,
            following,
            importing,
            intake,
            kinds,
            left_behind,
            measuring,
            more_judgments,
            overview,
            playground,
            predicting,
            prelabelling,
            queue,
            replaying,
            run_progress,
            sampled_backtesting,
            settling,
            storing,
            training_jobs,
            wording,
        )
        from inference import asking
        from projects import gates, home_cards
        from rules import reviewing

        gates.turned_away.register(left_behind.keep)
        home_cards.cards.register(overview.cards)
        reviewing.objections_to.register(replaying.gate)
        storing.chunk_stored.register(intake.take)
        storing.queries_became_benchmark.register(intake.judge_blind)
        predicting.predictions_stored.register(following.take)
        playground.gold_to_measure.register(measuring.gold_to_measure)
        run_progress.disputes_with_the_model.register(settling.disputes_with_the_model)
        asking.lexicon_of.register(briefing.lexicon)
        asking.briefed.register(briefing.brief)

        # In the order in which they are rung for, and shown on the page of workers.
        kinds.register(importing.KIND, exporting.KIND, backtesting.KIND, sampled_backtesting.KIND)
        kinds.register(training_jobs.KIND, canary_jobs.KIND)
        kinds.register(prelabelling.KIND, playground.KIND, fetching.KIND, more_judgments.KIND)
        kinds.chore(queue.expire_leases, seconds=1, queue=kinds.DISPATCHING)
        kinds.chore(following.follow_all, seconds=1, at_it=0.05, queue=kinds.DISPATCHING)
        kinds.chore(exporting.tidy, seconds=600)
        kinds.chore(wording.read_in_peace, seconds=2, at_it=0.01)
