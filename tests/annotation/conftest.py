"""What several tests of this folder stand on."""

from __future__ import annotations

from typing import Any

import pytest

from catalogue.evidence import grids
from catalogue.evidence.grids import GridSubject
from catalogue.evidence.lexicons import current
from catalogue.models import Pair
from projects.models import Project
from relevance.rules import RuleSpec, parse_rule, rule_to_data
from rules.packs import load_pack
from rules.publishing import publish_pack
from tests.conftest import ROOT
from tests.world.rows import make_import, make_item, make_pair

COLOURS = ("red", "blue", "black", "white")
STARTER = load_pack((ROOT / "rules/packs/starter.yaml").read_text(encoding="utf-8")).rules
# What R-080 says once another colour is related instead of a mismatch.
MILDER_CASES = [
    {"query": f"{asked} mug", "item": {"title": "Mug", "cpv": {"colour": other}}, "label": "L3"}
    for asked, other in (("red", "blue"), ("blue", "black"), ("black", "white"))
]


def changed(code: str, **changes: Any) -> tuple[RuleSpec, ...]:
    return tuple(parse_rule({**rule_to_data(rule), **changes}) if rule.code == code else rule for rule in STARTER)


@pytest.fixture
def stored(project: Project) -> list[Pair]:
    """Four queries for a coloured mug, each over mugs of four colours: 16 pairs, gold where the colour is the asked one."""
    publish_pack(STARTER)
    batch = make_import(project=project)
    items = [
        make_item(project=project, title=f"{colour} mug", batch=batch, category="home > mugs") for colour in COLOURS
    ]
    pairs = [
        make_pair(
            project=project, query=f"{asked} mug", item=item, batch=batch, gold_label="L4" if asked == found else "L2"
        )
        for asked in COLOURS
        for found, item in zip(COLOURS, items, strict=True)
    ]
    rows = {GridSubject(pair.query_id, pair.item.snapshot_now): pair.facts() for pair in pairs}
    grids.get_or_make(rows, current(project))
    return pairs
