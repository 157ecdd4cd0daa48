"""What is wrong with a rule that was typed is told in the language of whoever reads it; its fields and values stay."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils.translation import override

from relevance.conditions import ConditionError, parse_condition
from relevance.rules import RuleError, parse_rule
from rules import packs
from rules.misread_words import in_words
from tests.conftest import Cast


def rule(**fields: Any) -> dict[str, Any]:
    texts = {"en": "Red is red", "zh": "红就是红"}
    whole = {"code": "R-901", "version": 1, "dimension": "colour", "title": texts, "statement": texts}
    return {**whole, "effect": "label", "label": "L2", "precedence": 10, "cases": [], **fields}


@pytest.mark.parametrize(
    ("wrong", "english", "chinese"),
    [
        ({"version": 0}, "R-901: version: must be a whole number from 1 to", "R-901: version: 必须是 1 到"),
        ({"when": {"row": {"head": 3}}}, "R-901: when.row.head: must be true or false", "when.row.head: 必须是 true"),
        ({"cases": [3]}, "R-901: cases[0]: must have query, item and label", "cases[0]: 必须有 query"),
        ({"label": "L9"}, "R-901: label: 'L9' is not one of L1, L2, L3, L4", "label: 'L9' 不是 L1, L2, L3, L4 之一"),
        ({"colour": 1}, "R-901: unknown field 'colour'", "R-901: 未知字段 'colour'"),
        ({"code": "X"}, "'X': code: must look like R-001", "'X': code: 必须形如 R-001"),
    ],
)
def test_each_language_has_its_sentence(wrong: dict[str, Any], english: str, chinese: str) -> None:
    with pytest.raises(RuleError) as refusal:
        parse_rule(rule(**wrong))
    assert english in str(refusal.value)
    with override("zh-hans"):
        assert chinese in in_words(refusal.value)


def test_a_percent_sign_in_what_was_typed_is_no_placeholder() -> None:
    with pytest.raises(ConditionError) as refusal:
        parse_condition({"100%(x)s": 1})
    assert str(refusal.value) == "when: unknown condition '100%(x)s'"


def test_the_problems_of_a_pack_are_told_in_the_readers_language() -> None:
    text = "rules:\n- {code: R-901, version: 0}\n"
    with override("zh-hans"):
        (problem,) = packs.load_pack(text).problems
    assert "缺少字段" in problem


def test_a_page_tells_it_in_the_readers_language(cast: Cast, client_for: Any) -> None:
    client: Client = client_for(cast.rosa)
    client.cookies["django_language"] = "zh-hans"
    cast.rosa.locale = "zh-hans"
    cast.rosa.save()
    with override("zh-hans"):  # so that the reader's language ends with the request
        page = client.post("/rules/check/", {"condition": "row: {head: 3}"}).content.decode()
    assert "when.row.head: 必须是 true 或 false" in page
