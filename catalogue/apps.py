from django.apps import AppConfig


class CatalogueConfig(AppConfig):
    name = "catalogue"

    def ready(self) -> None:
        """Its kinds of job, and the presets that stand beside the shapes of files."""
        from catalogue import words
        from catalogue.importing import presets, running
        from catalogue.importing.shapes import table
        from catalogue.pictures import fetching
        from jobs import kinds

        presets.include(table.presets())
        kinds.register(running.KIND, fetching.KIND)
        kinds.chore(words.read_in_peace, seconds=2, at_it=0.01)
