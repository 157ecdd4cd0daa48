from django.apps import AppConfig


class RulesConfig(AppConfig):
    name = "rules"

    def ready(self) -> None:
        from projects import pinning
        from rules import publishing

        pinning.register(publishing.rule_base_numbers)
