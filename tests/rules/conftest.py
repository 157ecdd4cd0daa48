from __future__ import annotations

from typing import Any

import pytest

from relevance.rules import RuleSpec, parse_rule
from rules.publishing import Loaded, publish_pack
from tests.world.rows import RULE_BODY


def spec(code: str = "R-001", version: int = 1, **changes: Any) -> RuleSpec:
    return parse_rule({**RULE_BODY, "code": code, "version": version, **changes})


def worded(words: str) -> dict[str, str]:
    return {"en": words, "zh": words}


@pytest.fixture
def pack(db: None) -> Loaded:
    """Three rules: a colour, a brand and a material."""
    return publish_pack(
        [
            spec("R-001"),
            spec("R-002", dimension="brand", title={"en": "Another brand", "zh": "品牌不符"}),
            spec("R-003", dimension="material", title={"en": "Another material", "zh": "材质不符"}),
        ]
    )
