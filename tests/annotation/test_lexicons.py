from __future__ import annotations

import pytest

from annotation import lexicons
from annotation.models import Item
from projects.models import Project
from relevance.lexicon import Lexicon
from tests.builders import make_import, make_item

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
