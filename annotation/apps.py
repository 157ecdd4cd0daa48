from django.apps import AppConfig


class AnnotationConfig(AppConfig):
    name = "annotation"

    def ready(self) -> None:
        """What this app plugs into the layers below."""
        from annotation import left_behind, overview, replaying
        from projects import gates, home_cards
        from rules import reviewing

        gates.turned_away.register(left_behind.keep)
        home_cards.cards.register(overview.cards)
        reviewing.objections_to.register(replaying.gate)
