from django.apps import AppConfig


class AnnotationConfig(AppConfig):
    name = "annotation"

    def ready(self) -> None:
        from annotation import (
            left_behind,  # noqa: F401  (keeps what the gate turns away)
            overview,  # noqa: F401  (registers its cards for the home page)
            replaying,
        )
        from rules import reviewing

        if replaying.gate not in reviewing.GATES:
            reviewing.GATES.append(replaying.gate)
