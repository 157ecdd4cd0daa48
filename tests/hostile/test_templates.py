"""T49, T60: templates and code escape foreign text, isolate it, and never hand it to a helper that parses HTML."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

from tests.conftest import ROOT

REVIEWED = {"projects/templatetags/foreign.py"}  # puts foreign text between tags, through format_html
APPS = (*settings.OUR_APPS, "database", "relevance", "lore_app", "demo")
# Filters that turn escaping off, or that parse their text as HTML with cost or gaps of their own.
TEMPLATE_BANS = re.compile(
    r"\|\s*(?:safe|safeseq|urlize|urlizetrunc|striptags|linebreaks|linebreaksbr|truncate\w*_html|escapeseq|json_script)\b"
    r"|\{%\s*(?:autoescape|filter|debug)\b"
)
CODE_BANS = re.compile(
    r"\b(?:mark_safe|SafeString\(|SafeText|html_safe|format_html|format_html_join|urlize|strip_tags|Truncator|__html__)\b"
)


def code(*folders: str, suffix: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob(f"*{suffix}"))]


def test_no_template_turns_escaping_off_or_parses_foreign_text() -> None:
    found = {
        str(path.relative_to(ROOT)): TEMPLATE_BANS.findall(path.read_text())
        for path in code("templates", suffix=".html")
        if TEMPLATE_BANS.search(path.read_text())
    }
    assert found == {}


def test_no_code_outside_the_reviewed_module_calls_a_text_safe() -> None:
    found = {str(path.relative_to(ROOT)) for path in code(*APPS, suffix=".py") if CODE_BANS.search(path.read_text())}
    assert found == REVIEWED


@pytest.mark.parametrize(
    "text",
    ["{{ x|safe }}", "{{ x | safe }}", "{% autoescape off %}", "{{ x|striptags }}", "{{ x|truncatechars_html:9 }}"],
)
def test_the_ban_on_templates_bites(text: str) -> None:
    assert TEMPLATE_BANS.search(text)


def test_no_script_writes_html_or_evaluates_text() -> None:
    ban = re.compile(
        r"\b(?:innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval|new Function|setHTMLUnsafe|srcdoc)\b"
    )
    found = {
        path.name: ban.findall(path.read_text())
        for path in code("static/js", suffix=".js")
        if ban.search(path.read_text())
    }
    assert found == {}


FOREIGN = re.compile(
    r"(?:query\.text|\.title|\.file_name|\.note|\.reason|\.raw|\.shop|\.category|\.description|\.text|\.statement|\.external_id"
    r"|\.why|\.intent|\.licence|\.attribution|\.error|\.source)\b"
)
# Words of ours, and foreign text in a text area, an address, or pieces between tags that isolate the whole.
OURS = {
    "page.title", "action.title", "card.title", "login.title", "preset.description", "chain.intent|intent",
    "step.source|source", "cell.source|source", "one.text", "card.note", "one.region.category|urlencode", "item.title",
    "piece.text", "region.category|urlencode", "reason.text", "row.source|source", "span.text",
}  # fmt: skip
SHOWN_RAW = re.compile(r"\{\{ ([^{}]+?) \}\}")


def test_foreign_text_is_shown_through_the_tag_or_spelt_out() -> None:
    """By the names of its fields: what a person or shop wrote is isolated, or stands in a place where no tag may."""
    naked = [
        f"{path.relative_to(ROOT)}: {found[0]}"
        for path in code("templates", suffix=".html")
        for found in SHOWN_RAW.finditer(path.read_text())
        if FOREIGN.search(found[1].split("|")[0]) and "legible" not in found[1] and found[1] not in OURS
    ]
    assert naked == []
