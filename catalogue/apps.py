from django.apps import AppConfig


class CatalogueConfig(AppConfig):
    name = "catalogue"

    def ready(self) -> None:
        """Its kinds of job, and the presets that stand beside the shapes of files."""
        from catalogue import words
        from catalogue.evidence import remaking
        from catalogue.importing import originals, running
        from catalogue.importing.meaning import presets
        from catalogue.importing.shapes import table
        from catalogue.pictures import decoding, fetching, images, reading_words
        from jobs import failures, kinds
        from projects import deleting

        deleting.project_leaves.register(originals.remove_all_of)
        deleting.project_leaves.register(images.remove_all_of)
        presets.include(table.presets())
        kinds.register(running.KIND, fetching.KIND, reading_words.KIND, remaking.KIND)
        images.picture_added.register(reading_words.want)
        shared = failures.every()  # such as a connection that failed
        failures.tell(
            {
                code: why
                for code, why in {**decoding.WHY, **fetching.WHY, **reading_words.WHY}.items()
                if code not in shared
            }
        )
        kinds.chore(words.read_in_peace, seconds=2, at_it=0.01)
        kinds.chore(originals.end_by_time, seconds=24 * 3600, at_it=1)
