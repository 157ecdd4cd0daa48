from django.apps import AppConfig


class RulesConfig(AppConfig):
    name = "rules"

    def ready(self) -> None:
        from projects import creating, forms
        from rules import following, publishing

        forms.rule_base_numbers.register(publishing.rule_base_numbers)
        creating.settings_changed.register(following.chosen)
        publishing.version_published.register(following.reach)
