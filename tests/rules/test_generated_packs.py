"""A thousand packs and conditions that nobody means well by, through the pages that take them: each gets an answer in words.

Made by a seeded hand from rules of the starter pack: pieces replaced, doubled, moved and nested, with what broke readers before.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from projects.models import HourlyCount, Person
from rules import drafting, publishing
from rules.models import RuleDraft
from rules.publishing import Loaded
from tests.conftest import Cast
from tests.drills.scale import size
from tests.rules.test_yaml_reading import bomb

ClientFor = Callable[[Person], Client]
STARTER = Path(__file__).resolve().parents[2] / "rules/packs/starter.yaml"
PACKS, CONDITIONS = size(full=1000, quick=80), size(full=1000, quick=80)
HOSTILE = (
    "", "~", "null", "true", "no", "off", "12:30", "010", "0x1F", "1e999", "-1", "1.5", ".inf", ".nan", "9" * 5000, "-" * 3000,
    "2026-13-45", "2026-01-31", "2026-01-31 25:61:61", "0000-00-00", "!!timestamp 2026-13-45", "!!int x", "!!binary '%'",
    "!!python/object:os.system x", "!!set {a}", "!!omap [a]", "&a x", "*a", "&a [*a]", "<<", "{<<: *a}", "<<: {a: 1}", "=",
    "[" * 3000, "{" * 3000, "{a: " * 300, "- " * 300, "? ", "? [a] : b", "[]", "{}", "[[]]", "{{}}", "[{}]", "{a: [b, {c: d}]}",
    '"\\0"', '"\\ud800"', '"\\U0010ffff"', '"\\x"', "'", '"', "|", ">", "|9", "@", "`", "%", "%YAML 9.9", "---", "...", "\t",
    "\x07",
    "\ufeff", "\u2028", "\u202e", "R-６６６", '"R-605\\n"', "R-1", "x" * 70_000, "[" + "x, " * 12_000 + "]", "{not: " * 200, "# ",
    "{all: [" * 200, "{any: []}", "{row: {}}", "{row: {value: [1.5]}}", "{amount: {of: [mass], off: {above: 1}}}",
    "{share: {of: {a: b}, at_least: 1}}", "{overlap: {at_least: .nan}}", "{not: 5}", "{price_stated: 'yes'}", bomb(22),
)  # fmt: skip


def rules_of_the_starter_pack() -> list[list[str]]:
    """Each as its lines."""
    found: list[list[str]] = []
    for line in STARTER.read_text(encoding="utf-8").splitlines():
        if line.startswith("  - code:"):
            found.append([])
        if found:
            found[-1].append(line)
    return found


def broken(lines: list[str], hand: random.Random) -> list[str]:
    """One stroke: what stands behind a colon or a hyphen becomes something else, or a line, or its place."""
    at = hand.randrange(len(lines))
    line, piece = lines[at], hand.choice(HOSTILE)
    head, colon, _value = line.partition(": ")
    match hand.randrange(8):
        case 0 | 1 | 2 if colon:
            made = [f"{head}: {piece}"]
        case 3:
            made = [line[: len(line) - len(line.lstrip())] + piece]
        case 4:
            made = [line, line]
        case 5:
            made = []
        case 6:
            made = [" " * hand.randrange(9) + line.lstrip()]
        case _:
            cut = hand.randrange(len(line) + 1)
            made = [line[:cut] + piece + line[cut + hand.randrange(3) :]]
    return [*lines[:at], *made, *lines[at + 1 :]]


def packs(times: int) -> Iterator[bytes]:
    hand, rules = random.Random(17), rules_of_the_starter_pack()
    for number in range(times):
        lines = ["rules:", *(line for rule in hand.sample(rules, 3) for line in rule)]
        for _ in range(hand.choice((1, 1, 2, 5))):
            lines = broken(lines, hand)
        text = "\n".join(lines).encode("utf-8", "surrogatepass")
        yield HOSTILE[number].encode("utf-8", "surrogatepass") if number < len(HOSTILE) // 2 else text


def conditions(times: int) -> Iterator[str]:
    hand = random.Random(23)
    rules = [line[10:] for rule in rules_of_the_starter_pack() for line in rule if line.startswith("    when: ")]
    blocks = ["not:\n  row:\n    kind: colour", "all:\n- row: {verdict: conflict}\n- price_stated: true", *rules]
    for number in range(times):
        lines = hand.choice(blocks).splitlines()
        for _ in range(hand.choice((1, 1, 2, 5))):
            lines = broken(lines, hand) if lines else [hand.choice(HOSTILE)]
        yield HOSTILE[number] if number < len(HOSTILE) else "\n".join(lines)


@pytest.fixture
def draft(pack: Loaded, cast: Cast) -> RuleDraft:
    base = publishing.newest()
    assert base is not None
    return drafting.start(base, "Broken", "", cast.rosa)


def test_no_pack_is_an_error_of_ours(
    draft: RuleDraft, cast: Cast, client_for: ClientFor, figures: Callable[..., None]
) -> None:
    client, address = client_for(cast.rosa), reverse("rule-draft-pack", args=[draft.pk])
    answers, longest, listed = [], 0.0, 0
    for text in packs(PACKS):
        began = time.perf_counter()
        answer = client.post(address, {"pack": SimpleUploadedFile("pack.yaml", text)})
        longest = max(longest, time.perf_counter() - began)
        answers.append(answer.status_code)
        listed += bool((brought := answer.context["brought"]) and brought.problems)
        draft.rules.all().delete()
        HourlyCount.objects.all().delete()
    assert set(answers) <= {200, 422}
    assert listed > PACKS / 3, "most are refused, each with a sentence"
    figures("H2 packs", packs=PACKS, refused=listed, longest_seconds=round(longest, 3))


def test_no_condition_is_an_error_of_ours(
    draft: RuleDraft, cast: Cast, client_for: ClientFor, figures: Callable[..., None]
) -> None:
    client, longest, refused = client_for(cast.rosa), 0.0, 0
    for text in conditions(CONDITIONS):
        fields = {"condition": text, "draft": draft.pk, "try_query": "red mug", "try_title": "Mug", "precedence": "50"}
        began = time.perf_counter()
        answer = client.post(reverse("rule-check"), {**fields, "effect": "cap", "label": "L2", "code": "R-500"})
        longest = max(longest, time.perf_counter() - began)
        assert answer.status_code in (200, 413), text[:200]
        if answer.status_code == 200:
            refused += bool(answer.context["problem"])
            assert len(answer.content) < 100_000, text[:200]
    assert refused > CONDITIONS / 3
    figures("H2 conditions", conditions=CONDITIONS, refused=refused, longest_seconds=round(longest, 3))
