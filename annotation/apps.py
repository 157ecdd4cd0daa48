from django.apps import AppConfig


class AnnotationConfig(AppConfig):
    name = "annotation"

    def ready(self) -> None:
        """What this app plugs into the layers below, and its kinds of job."""
        from annotation import (
            backtesting,
            briefing,
            exporting,
            fetching,
            following,
            importing,
            kinds,
            left_behind,
            model_work,
            more_judgments,
            overview,
            playground,
            prelabelling,
            queue,
            replaying,
            sampled_backtesting,
            wording,
        )
        from inference import asking
        from projects import gates, home_cards
        from rules import reviewing

        gates.turned_away.register(left_behind.keep)
        home_cards.cards.register(overview.cards)
        reviewing.objections_to.register(replaying.gate)
        asking.lexicon_of.register(briefing.lexicon)
        asking.briefed.register(briefing.brief)

        # In the order in which they are rung for, and shown on the page of workers.
        kinds.register(importing.KIND, exporting.KIND, backtesting.KIND, sampled_backtesting.KIND, model_work.KIND)
        kinds.register(prelabelling.KIND, playground.KIND, fetching.KIND, more_judgments.KIND)
        kinds.chore(queue.expire_leases, seconds=1, queue=kinds.DISPATCHING)
        kinds.chore(following.follow_all, seconds=1, at_it=0.05, queue=kinds.DISPATCHING)
        kinds.chore(exporting.tidy, seconds=600)
        kinds.chore(wording.read_in_peace, seconds=2, at_it=0.01)
