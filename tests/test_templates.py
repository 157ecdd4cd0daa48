"""The frame, the parts and the judging card, rendered against the contexts their views give them. No database."""

from __future__ import annotations

import re
from itertools import product
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import translation

from projects.models import Person, Project, Role
from relevance.chain import Chain
from relevance.metrics import Figure

STATIC = settings.BASE_DIR / "static"
TEMPLATES = settings.BASE_DIR / "templates"
GRADES = [("L1", "Irrelevant"), ("L2", "Mismatch"), ("L3", "Related"), ("L4", "Excellent")]


def grid() -> dict[str, Any]:
    def row(text: str, dimension: str, *verdicts: tuple[str, str]) -> dict[str, Any]:
        cells = [
            {"source": source, "verdict": verdict, "literal": literal, "where": ""}
            for source, (verdict, literal) in zip(("title", "cpv", "sku", "caption"), verdicts, strict=True)
        ]
        return {"text": text, "dimension_name": dimension, "negated": False, "verdict": verdicts[0][0], "cells": cells}

    silent = ("silent", "")
    return {
        "rows": [
            row("dress", "category", ("match", "dress"), ("match", "midi dress"), silent, silent),
            row("burgundy", "colour", silent, ("conflict", "blue"), ("conflict", "BL"), silent),
            row("cotton", "material", ("near", "cotton blend"), silent, silent, silent),
        ]
    }


def prediction(*, learnt: bool = False) -> dict[str, Any]:
    chain = {
        "entity": "secret-entity",
        "intent": "item_with_attributes",
        "constraints": [{"text": "burgundy", "dimension": "colour", "value": "red", "negated": False}],
        "path": [
            {"constraint": "burgundy", "dimension": "colour", "source": "cpv", "verdict": "conflict", "literal": "blue"}
        ],
        "rules": ["R-117"],
        "label": "L2",
        "mismatch": "colour",
    }
    shares = (0.06, 0.71, 0.19, 0.04)
    return {
        "label": "L2",
        "name": "Mismatch",
        "grade": 2,
        "mismatch": "colour",
        "confidence": 0.71,
        "posterior": [
            {"label": code, "name": name, "grade": number, "p": share}
            for number, ((code, name), share) in enumerate(zip(GRADES, shares, strict=True), 1)
        ],
        "model": "secret-model",
        "learnt": learnt,
        "rule_base": 3,
        "chain": Chain.model_validate(chain),
        "rules": [],
        "contradicts": ["secret-contradiction"],
        "invalid_reason": "",
    }


def card(mode: str = "facts", **changes: Any) -> dict[str, Any]:
    urls = {name: f"/{name}/" for name in ("submit", "later", "flag", "draft", "renew", "judge", "undo", "leave")}
    made = {
        "token": "6f1c1b8e-0000-4000-8000-000000000001",
        "idempotency_key": "6f1c1b8e-0000-4000-8000-000000000002",
        "mode": mode,
        "mode_name": mode,
        "stage": "first",
        "query": "burgundy long dress cotton",
        "locale": "en",
        "title": "Women's midi dress, checked, cotton blend, half sleeves",
        "title_pieces": [
            ("Women's midi ", False),
            ("dress", True),
            (", checked, ", False),
            ("cotton", True),
            (" blend", False),
        ],
        "category": "Women › Dresses › Midi",
        "shop": "Lindenhof",
        "price": "49 €",
        "description": "A dress for autumn.",
        "selling_points": ["machine washable"],
        "skus": [{"code": "4471-BL-M", "name": "blue, M", "attributes": [("size", "M")]}],
        "cpv": [(f"property {number}", f"value {number}") for number in range(1, 16)],
        "images": [],
        "chips": [{"dimension": "colour", "dimension_name": "secret-chip", "text": "burgundy", "negated": False}],
        "grid": grid(),
        "rules": [{"code": "R-117", "title": "Colour", "statement": "secret-rule", "url": "/rules/R-117/"}],
        "labels": [
            {"code": code, "name": name, "key": str(number), "grade": number}
            for number, (code, name) in enumerate(GRADES, 1)
        ],
        "asks_mismatch_for": "L2",
        "mismatches": [{"code": f"d{number}", "name": f"dimension {number}"} for number in range(18)],
        "cannot_tell_reasons": [
            ("image", "image missing"),
            ("attributes", "missing"),
            ("query", "unclear"),
            ("rule_gap", "no rule"),
        ],
        "source": "demo shop",
        "licence": "CC BY 4.0",
        "attribution": "Jane Doe",
        "guideline": "Judge what the shopper sees.",
        "note": "",
        "own": None,
        "prediction": prediction(),
        "again": None,
        "urls": urls,
    }
    return {**made, **changes}


def page_context(shown: dict[str, Any] | None, **changes: Any) -> dict[str, Any]:
    progress = {"done_today": 37, "left": 163 if shown else 0, "total": 200}
    past = {
        "label": "L3",
        "name": "Related",
        "grade": 3,
        "title": "A title",
        "query": "a query",
        "thumb": "",
        "pair": 1,
    }
    urls = {"judge": "/judge/", "undo": "/undo/", "leave": "/leave/"}
    flags = [("data", "catalogue data"), ("rule", "rule gap")]
    made = {"card": shown, "progress": progress, "history": [past], "urls": urls, "flag_reasons": flags}
    return {**made, "project": Project(slug="shoes", name="Shoes"), **changes}


def request_of(*roles: Role, htmx: bool = False) -> Any:
    request = RequestFactory().get("/p/shoes/judge/")
    request.user = Person(username="ana", name="Ana")  # type: ignore[assignment]
    request.project = Project(slug="shoes", name="Shoes")  # type: ignore[attr-defined]
    request.roles = frozenset(roles)  # type: ignore[attr-defined]
    request.htmx = htmx  # type: ignore[attr-defined]
    request.resolver_match = SimpleNamespace(url_name="judge")  # type: ignore[assignment]
    request.session = {}  # type: ignore[assignment]
    return request


def judge_page(shown: dict[str, Any] | None, *, htmx: bool = False, **changes: Any) -> str:
    name = "annotation/judging/judge.html" + ("#card" if htmx else "")
    return render_to_string(name, page_context(shown, **changes), request_of(Role.LABELER, htmx=htmx))


def part(name: str, /, **context: Any) -> str:
    return render_to_string(f"parts/{name}.html", context)


# the card


def test_the_card_in_facts_shows_grid_chips_marks_and_rules_but_no_prediction() -> None:
    html = judge_page(card("facts"))
    assert (
        "secret-chip" in html and "secret-rule" in html and "<mark>dress</mark>" in html and 'class="conflict"' in html
    )
    assert "secret-entity" not in html and "secret-model" not in html and "secret-contradiction" not in html


@pytest.mark.parametrize("htmx", [False, True])
def test_a_blind_card_holds_nothing_of_the_machine_even_if_the_context_does(htmx: bool) -> None:
    shown = card("blind", stage="revealed", own={"label": "L3", "name": "Related", "grade": 3, "mismatch": ""})
    html = judge_page(shown, htmx=htmx)
    assert "secret-" not in html
    assert "<mark>" not in html and 'class="grid"' not in html and "R-117" not in html and "Posterior" not in html
    assert "Judge what the shopper sees." in html


def test_reveal_holds_no_prediction_before_the_own_answer() -> None:
    html = judge_page(card("reveal"))
    assert "secret-chip" in html
    assert "secret-entity" not in html and "secret-model" not in html and "Keep mine" not in html


def test_after_the_own_answer_reveal_shows_the_model_and_says_that_it_has_not_learnt() -> None:
    own = {"label": "L3", "name": "Related", "grade": 3, "mismatch": ""}
    html = judge_page(card("reveal", stage="revealed", own=own), htmx=True)
    assert "secret-entity" in html and "secret-contradiction" in html
    assert "cold start: has not learnt yet" in html and "Keep mine" in html
    assert 'value="keep" class="grade g3"' in html, "the own label pressed again keeps it"
    assert html.count('value="L3"') == 0


def test_a_model_that_has_learnt_is_not_called_a_cold_start() -> None:
    own = {"label": "L3", "name": "Related", "grade": 3, "mismatch": ""}
    html = judge_page(card("reveal", stage="revealed", own=own, prediction=prediction(learnt=True)))
    assert "cold start" not in html


def test_the_fragment_is_the_card_alone_and_the_page_holds_it() -> None:
    fragment = judge_page(card(), htmx=True).strip()
    assert fragment.startswith('<div id="card"') and "<html" not in fragment
    assert judge_page(card()).count('id="card"') == 1


def test_one_idempotency_key_serves_every_button_of_a_card() -> None:
    html = judge_page(card())
    assert html.count('name="idempotency_key"') == 1
    assert sorted(re.findall(r'form="answer" name="choice" value="(\w+)"', html)) == [
        "L1",
        "L2",
        "L3",
        "L4",
        "cannot_tell",
    ]


def test_enter_in_a_field_chooses_no_label_because_the_default_button_is_disabled() -> None:
    form = judge_page(card()).split('<form id="answer"')[1]
    assert re.search(r"<button[^>]*>", form).group() == '<button type="submit" disabled hidden>'  # type: ignore[union-attr]


def test_each_of_the_18_dimensions_has_its_own_key_and_the_first_is_marked() -> None:
    html = judge_page(card())
    keys = re.findall(r'name="mismatch" value="\w+" data-key="(\w)"', html)
    assert "".join(keys) == "qwertyasdfghzxcvbn"
    assert re.search(r'value="d0" data-key="q" checked', html)


def test_a_scale_of_two_labels_has_two_buttons_and_asks_for_no_dimension() -> None:
    labels = [
        {"code": "Not relevant", "name": "Not relevant", "key": "1", "grade": 1},
        {"code": "Relevant", "name": "Relevant", "key": "2", "grade": 4},
    ]
    html = judge_page(card("blind", labels=labels, asks_mismatch_for="", mismatches=[]))
    assert re.findall(r'name="choice" value="([^"]+)" class="grade', html) == ["Not relevant", "Relevant"]
    assert 'name="mismatch"' not in html


def test_attributes_beyond_twelve_are_folded() -> None:
    before, after = judge_page(card("blind")).split('<details class="fold" data-key="x">')
    assert "value 12" in before and "value 13" not in before and "value 13" in after


def test_source_licence_and_attribution_stand_on_the_card() -> None:
    html = judge_page(card("blind"))
    assert "demo shop" in html and "CC BY 4.0" in html and "Jane Doe" in html


def test_what_a_catalogue_says_is_escaped() -> None:
    evil = "<script>alert(1)</script>"
    shown = card(query=evil, title=evil, title_pieces=[(evil, True)], cpv=[(evil, evil)], description=evil, note=evil)
    assert evil not in judge_page(shown)


def test_an_empty_queue_says_what_to_do_and_still_offers_undo() -> None:
    html = judge_page(None)
    assert "Nothing left for you to judge" in html and "/p/shoes/" in html and 'data-key="u"' in html
    others = judge_page(None, progress={"done_today": 0, "left": 2, "total": 2})
    assert "look again in a few minutes" in others


def test_the_label_undone_is_outlined() -> None:
    html = judge_page(card(again={"label": "L4", "name": "Excellent"}))
    assert html.count("your answer before") == 1 and 'class="grade g4 again"' in html


def test_a_refusal_is_one_notice() -> None:
    html = render_to_string("annotation/judging/judge.html#refused", {"message": "<b>no</b>"})
    assert html.strip() == '<div class="notice bad">&lt;b&gt;no&lt;/b&gt;</div>'


# the frame


def test_the_navigation_offers_only_what_the_person_may_open() -> None:
    labeler = render_to_string("annotation/judging/judge.html", page_context(card()), request_of(Role.LABELER))
    lead = render_to_string("annotation/judging/judge.html", page_context(card()), request_of(Role.LEAD))
    assert "/p/shoes/judge/" in labeler and "/p/shoes/exports/" not in labeler
    assert "/p/shoes/exports/" in lead and '<a href="/p/shoes/judge/"' not in lead


def test_an_anonymous_page_has_no_navigation_badge_or_sign_out() -> None:
    request = RequestFactory().get("/login/")
    request.user = AnonymousUser()
    html = render_to_string("404.html", {}, request)
    assert "workers-badge" not in html and "/logout/" not in html and "Not here" in html


@pytest.mark.parametrize("name", ["403.html", "404.html", "500.html"])
def test_error_pages_render_without_any_context(name: str) -> None:
    assert "<h1>" in render_to_string(name)


def test_no_template_holds_inline_script_style_or_handler() -> None:
    for path in TEMPLATES.rglob("*.html"):
        text = path.read_text()
        assert not re.search(r"<script(?![^>]*\bsrc=)", text), path
        assert not re.search(r"\sstyle=|<style|\son\w+=|hx-on|\bjs:|\|\s*safe\b", text), path


def test_the_card_speaks_chinese() -> None:
    with translation.override("zh-hans"):
        assert 'lang="zh-hans"' in judge_page(card())


# the parts


def test_a_figure_shows_its_interval_or_a_dash() -> None:
    html = part("figure", name="kappa", figure=Figure(0.7664, 0.728, 0.7991, 2317))
    assert "0.766" in html and "0.728 to 0.799" in html and "2,317" in html
    assert "–" in part("figure", name="auc", figure=Figure(None, None, None, 0))


def test_progress_says_rate_and_time_left() -> None:
    # 125 of 1,000 at 2.5/s: 875 / 2.5 = 350 s = 5 min 50 s
    html = part("progress", value=125, total=1000, rate=2.5, left=350, label="pairs")
    assert 'max="1000" value="125"' in html and "2.5 per second" in html and "5 min 50 s left" in html


def test_progress_of_an_unknown_total_is_still_valid() -> None:
    assert 'max="1"' in part("progress", value=0, total=0, rate=None, left=None, label="rows")


def test_posterior_bars_have_a_point_in_every_language() -> None:
    # 0.71 of 100 units
    with translation.override("de"):
        assert 'width="71.00"' in part("posterior", posterior=prediction()["posterior"])


def test_a_chain_reads_in_five_steps() -> None:
    html = part("chain", chain=prediction()["chain"])
    assert html.count("<h3>") == 5
    assert "one kind of thing, narrowed" in html and "conflict" in html and "R-117" in html


def test_a_verdict_never_speaks_by_colour_alone() -> None:
    html = part("evidence_grid", grid=grid())
    for cell in re.findall(r'<td class="(?:match|near|conflict|silent)">.*?</td>', html, re.S):
        assert re.search(r'visually-hidden">(match|near|conflict|silent)<', cell)


def test_an_unknown_state_is_shown_in_words() -> None:
    assert "half-baked" in part("state", state="half-baked", text="")


# the colours: WCAG 2.2 AA asks 4.5:1 for text


def luminance(colour: str) -> float:
    def linear(channel: int) -> float:
        share = channel / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(int(colour[at : at + 2], 16)) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def tokens(scheme: int) -> dict[str, str]:
    found = re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", (STATIC / "css/tokens.css").read_text())
    return {name: (light, dark)[scheme] for name, light, dark in found}


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_every_ink_can_be_read_on_every_ground(scheme: int) -> None:
    colours = tokens(scheme)
    grounds = ("paper", "sheet", "sunk")
    softs = [(name, f"{name}-soft") for name in ("l1", "l2", "l3", "l4", "accent")]
    inks = ("ink", "ink-2", "ink-3", "accent", "l1", "l2", "l3", "l4")
    notices = [("ink", soft) for _, soft in softs]
    for ink, ground in [*product(inks, grounds), *softs, *notices, ("on-accent", "accent")]:
        assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)
    assert all(contrast(colours["edge"], colours[ground]) >= 3 for ground in ("paper", "sheet"))


def test_lists_and_what_is_watched_are_framed_by_their_parts() -> None:
    """A table that scrolls and a fragment that asks for itself are written once (`{% framed "parts/list.html" %}`)."""
    marks = ('class="scroll"', 'hx-trigger="every')
    parts = {"parts/list.html", "parts/watch.html", "parts/evidence_grid.html"}
    parts.add("annotation/evidence_checks/check.html")  # the grid of the card, with a mark to set in each cell
    others = {"jobs/workers_badge.html", "annotation/judging/judge.html"}  # not tables, nor of what waits for a worker
    pages = {str(path.relative_to(TEMPLATES)): path.read_text() for path in TEMPLATES.rglob("*.html")}
    by_hand = {name for name, text in pages.items() if any(mark in text for mark in marks)}
    assert by_hand <= parts | others


def test_a_frame_reads_only_what_it_is_told() -> None:
    """The page's own `title`, `rows` and `url` are not the list's."""
    page = Template(
        '{% load look %}{% framed "parts/list.html" caption="Cups" rows=cups empty="No cup" advice="Buy one." %}'
        "{% for cup in cups %}<tr><td>{{ cup }}</td></tr>{% endfor %}{% endframed %}"
    )
    around = {"title": "Kitchen", "rows": [1], "url": "/", "action": "Go", "count": 7}
    full = page.render(Context({**around, "cups": ["<b>"]}))
    assert "<td>&lt;b&gt;</td>" in full and "Cups" in full
    bare = page.render(Context({**around, "cups": []}))
    assert "No cup" in bare and "Buy one." in bare and "<table" not in bare
    assert not any(word in full + bare for word in ("Kitchen", "Go", "<h2"))


def test_what_triggers_a_request_is_one_word() -> None:
    """htmx 4 reads `from:closest form` as from `closest`, and nothing ever triggers it."""
    broken = [
        str(path.relative_to(TEMPLATES))
        for path in TEMPLATES.rglob("*.html")
        if re.search(r'hx-trigger="[^"]*from:(closest|find|next|previous) ', path.read_text(encoding="utf-8"))
    ]
    assert broken == []
