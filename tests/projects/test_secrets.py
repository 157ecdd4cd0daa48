"""Secrets are compared in constant time, wherever they are compared (threat T43)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from tests.conftest import ROOT

PACKAGES = ("relevance", "database", *settings.OUR_APPS, "lore_app")
SECRET = re.compile(
    r"(^|_)(tokens?|secrets?|passwords?|api_key|nonce|sha256|hmac|signature|auth_hash|session_key|prefix)($|_)"
)
# Names alike that are no secrets: contents are known by their SHA-256, texts and models have tokens, a lease has a fencing
# token that says which worker or page is meant and opens nothing by itself; a restore holds what two databases keep of one
# person's password side by side, and nobody from outside waits for it.
CONTENT_AND_FENCING = {
    "annotation/judging/recording.py",
    "jobs/leasing.py",
    "annotation/curation/exporting.py",
    "catalogue/importing/items.py",
    "inference/engines/transformers_local.py",
    "inference/prompting/query_spans.py",
    "lore_app/backup/sign_ins.py",
    "relevance/chain.py",
    "relevance/tokens.py",
    "rules/publishing.py",
}


def name_of(node: ast.expr) -> str:
    """The last name of what is compared: of an attribute, a call, an item."""
    while isinstance(node, ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def compared(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare) and any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops):
            names = [name_of(side) for side in (node.left, *node.comparators)]
            if any(SECRET.search(name.lower()) for name in names):
                yield ast.unparse(node)


def test_no_secret_is_compared_with_an_equals_sign() -> None:
    found = {
        str(path.relative_to(ROOT)): list(compared(path.read_text()))
        for package in PACKAGES
        for path in sorted(Path(ROOT / package).rglob("*.py"))
    }
    assert {path: said for path, said in found.items() if said and path not in CONTENT_AND_FENCING} == {}


CONTENT_IN_SQL = {
    "annotation/sql/erasing.sql",
    "catalogue/pictures/snapshot_words.sql",
    "catalogue/sql/evidence_key.sql",
    "inference/sql/captions.sql",
}
IN_SQL = re.compile(r"(\w+)\s*(?:=|<>)\s*(?:[\w.]*\.)?(\w+)?")


def compared_in_sql(text: str) -> Iterator[str]:
    """Names on the sides of `=` and `<>`, comments left out: a parameter is known by its name."""
    code = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("--"))
    for found in IN_SQL.finditer(re.sub(r"%\((\w+)\)s", r"\1", code)):
        if any(SECRET.search((side or "").lower()) for side in found.groups()):
            yield found[0]


def test_no_statement_compares_a_secret() -> None:
    """Nor those that lie beside a module: PostgreSQL compares in the time that it takes."""
    found = {
        str(path.relative_to(ROOT)): list(compared_in_sql(path.read_text()))
        for package in PACKAGES
        for path in sorted(Path(ROOT / package).rglob("*.sql"))
    }
    assert len(found) > 10
    assert {path: said for path, said in found.items() if said and path not in CONTENT_IN_SQL} == {}


def test_the_check_of_statements_sees_what_it_is_for() -> None:
    assert list(compared_in_sql("-- a token = 1\nSELECT 1 FROM t WHERE t.secret = %(given)s")) == ["secret = given"]
    assert list(compared_in_sql("SELECT 1 FROM t WHERE t.digest = %(token)s AND a <> 'x'")) == ["digest = token"]


def test_the_check_sees_what_it_is_for() -> None:
    assert list(compared("token.sha256 == digest(secret)")) == ["token.sha256 == digest(secret)"]
    assert list(compared("ok = given != row['secret']; row_token(x) == 1")) == ["row_token(x) == 1"]
    assert list(compared("hmac.compare_digest(a, b) == True; tokenizer == 1")) == []
