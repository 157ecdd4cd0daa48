from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalogue.evidence import lexicons
from catalogue.models import Import, Item, LearntLexicon
from database.clock import ClockTimestamp
from projects.models import Project
from relevance.lexicon import Lexicon
from tests.world.rows import make_import, make_item

pytestmark = pytest.mark.django_db


def test_the_distinct_facts_of_a_catalogue_teach_what_all_its_items_teach(project: Project) -> None:
    batch = make_import(project=project)
    for category, cpv in (
        ("home > Teapots", [["Brand", "Kestrel & Co"], ["颜色", "Dusty Pink/teal"], ["weight", "2 kg"]]),
        ("home > Teapots", [["brand", "KESTREL & CO"], ["Material", "bone china; Oak"], ["", ""]]),
        ("", [["colour", "x" * 41], ["colour", "y" * 40], ["BRAND", "a"], ["Brand", "12.5"]]),
    ):
        make_item(project=project, category=category, cpv=cpv, batch=batch, title=f"{cpv}")
    make_item(project=Project.objects.create(slug="other", name="Other"), category="samovars")
    facts = [
        item.current_snapshot.facts(item.external_id)
        for item in Item.objects.filter(project=project).select_related("current_snapshot")
        if item.current_snapshot
    ]
    learnt = lexicons.learn(project)
    assert learnt.digest == Lexicon.shipped().learn(facts).digest
    assert {"kestrel & co", "dusty pink", "teapots"} <= learnt.body["terms"].keys()
    assert "samovars" not in learnt.body["terms"]


def test_snapshots_are_looked_through_only_where_an_import_may_have_brought_some_since(project: Project) -> None:
    def looked() -> bool:
        with CaptureQueriesContext(connection) as asked:
            lexicons.up_to_date(project)
        return any("catalogue_snapshot" in one["sql"] for one in asked)

    batch = make_import(project=project, finished_at=None)
    make_item(project=project, category="teapots", batch=batch)
    before = lexicons.up_to_date(project)
    assert looked()  # that import has not ended
    Import.objects.update(finished_at=before.created_at)
    assert not looked() and lexicons.up_to_date(project) == before
    make_item(project=project, category="samovars", batch=make_import(project=project, finished_at=ClockTimestamp()))
    after = lexicons.up_to_date(project)
    assert "samovars" in LearntLexicon.objects.get(pk=after.pk).body["terms"]
