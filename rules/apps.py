from django.apps import AppConfig


class RulesConfig(AppConfig):
    name = "rules"

    def ready(self) -> None:
        from projects import forms
        from rules import publishing

        forms.rule_base_numbers.register(publishing.rule_base_numbers)
