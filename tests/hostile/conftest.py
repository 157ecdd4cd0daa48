"""A workplace with something of everything in it, in a database of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client

from annotation import grids
from annotation.grids import Seen
from annotation.lexicons import current
from annotation.models import Disagreement, Grid, LearntLexicon, PrelabelJob, PrelabelRun
from lore_app.database import connected_as
from projects.models import Person, Project
from rules.models import RuleBaseVersion
from rules.packs import load_pack
from rules.publishing import publish_pack
from tests.builders import make_import, make_item, make_judgment, make_model, make_pair, make_prediction, make_slots
from tests.conftest import ROOT, Cast, FreshDatabase, make_cast
from tests.hostile import planting


@dataclass
class Workplace:
    project: Project
    cast: Cast

    def client(self, person: Person) -> Client:
        client = Client()
        client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
        return client

    def clients(self) -> Iterator[tuple[str, Client]]:
        for name in ("lena", "ana", "ada", "max", "rosa", "otto", "root"):
            yield name, self.client(getattr(self.cast, name))


@pytest.fixture
def workplace(fresh_database: FreshDatabase, tmp_path: Path) -> Workplace:
    """Furnished as the owner with triggers off, as no process of the product could; used as the product's role."""
    with connected_as({**django_settings.OWNER_DATABASE, "NAME": fresh_database.name}):
        with connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")
        project = Project.objects.create(
            slug="shoes", name="Shoes", overlap=2, guideline="Judge what the shopper sees."
        )
        cast = make_cast(project)
        publish_pack(load_pack((ROOT / "rules/packs/starter.yaml").read_text(encoding="utf-8")).rules)
        batch = make_import(project=project)
        pairs = [
            make_pair(
                project=project,
                query="red mug",
                item=make_item(project=project, title=f"{colour} mug", batch=batch, cpv=[["colour", colour]]),
                batch=batch,
            )
            for colour in ("red", "blue", "black", "white", "green", "grey")
        ]
        lexicon = current(project)
        grids.get_or_make({Seen(pair.query_id, pair.item.snapshot_now): pair.facts() for pair in pairs}, lexicon)
        model = make_model(name="distilled", engine="distilled")
        base = RuleBaseVersion.objects.get()
        words = LearntLexicon.objects.create(project=project, digest="8" * 64, body=lexicon.to_json())
        run = PrelabelRun.objects.create(
            project=project, model=model, rule_base=base, lexicon=words, requested_by=cast.max
        )
        for pair in pairs:
            made = make_prediction(
                pair=pair, model=model, rule_base=base, grid=Grid.objects.get(snapshot=pair.item.snapshot_now)
            )
            PrelabelJob.objects.create(
                run=run, pair=pair, snapshot=pair.item.current_snapshot, state="done", prediction=made
            )
            make_slots(pair=pair)
            for rater in ("r1", "r2"):
                make_judgment(pair=pair, by=rater, label="L4" if rater == "r1" else "L1")
        dispute = Disagreement.objects.create(project=project, pair=pairs[3], kind="human_human")
        dispute.judgments.set(pairs[3].judgments.all())
        planting.furnish(project, fresh_database_storage(fresh_database))
    return Workplace(project, cast)


def fresh_database_storage(database: FreshDatabase) -> Path:
    return Path(database.environment["LORE_DATA_DIR"]) / "storage"
