from django.apps import AppConfig


class CatalogueConfig(AppConfig):
    name = "catalogue"

    def ready(self) -> None:
        """Its kinds of job."""
        from catalogue import words
        from catalogue.importing import running
        from catalogue.pictures import fetching
        from jobs import kinds

        kinds.register(running.KIND, fetching.KIND)
        kinds.chore(words.read_in_peace, seconds=2, at_it=0.01)
