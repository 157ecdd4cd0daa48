"""Sentences about our own code that a reader could check, and that nobody has to: no shell, no eval, no pickle.

docs/asvs.csv names the requirement that each stands for, and is held against what exists.
"""

from __future__ import annotations

import ast
import csv
import re
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher, get_hasher
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("lore_app", *settings.OUR_APPS, "database", "relevance", "demo")
MODULES = {path: ast.parse(path.read_text()) for name in PACKAGES for path in sorted((ROOT / name).rglob("*.py"))}
SCRIPTS = {path: path.read_text() for path in (ROOT / "static/js").glob("*.js") if "htmx" not in path.name}

# The lowest version without a known hole that concerns us, and what was wrong below it.
FLOORS = {
    "django": ("5.2.19", "CVE-2026-77050 and those before"),
    "pillow": ("12.3.0", "CVE-2026-55379, CVE-2026-55380: checks of decompression bombs passed by"),
    "gunicorn": ("23.0.0", "CVE-2024-1135, CVE-2024-6827: request smuggling"),
    "celery": ("5.2.2", "CVE-2021-23727: commands from a taken-over result backend"),
}
# Randomness that is no secret: which pair is drawn, on which side a verdict is shown.
MAY_DRAW_LOTS = {"adjudicating.py", "sampled_backtesting.py", "canary.py", "trials.py"}


def calls() -> Iterator[tuple[str, str, ast.Call]]:
    """(where, dotted name as written, call) of every call in the product."""
    for path, tree in MODULES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                yield f"{path.relative_to(ROOT)}:{node.lineno}", ast.unparse(node.func), node


def imports() -> Iterator[tuple[Path, str]]:
    for path, tree in MODULES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                yield from ((path, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield path, node.module or ""


def test_no_shell_is_ever_asked() -> None:
    shells = {"os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput", "pty.spawn"}
    asked = [
        where for where, name, call in calls() if name in shells or any(one.arg == "shell" for one in call.keywords)
    ]
    assert asked == []


def test_nothing_is_evaluated() -> None:
    assert [where for where, name, _ in calls() if name in {"eval", "exec", "compile", "__import__"}] == []
    assert [
        path.name for path, text in SCRIPTS.items() if re.search(r"\beval\(|new Function|innerHTML\s*=", text)
    ] == []


def test_nothing_is_unpickled() -> None:
    unsafe = {"pickle", "marshal", "shelve", "dill", "joblib", "cloudpickle"}
    assert [str(path) for path, name in imports() if name.split(".")[0] in unsafe] == []
    assert [where for where, name, _ in calls() if name in {"yaml.load", "yaml.unsafe_load", "yaml.full_load"}] == []
    assert (settings.CELERY_ACCEPT_CONTENT, settings.CELERY_TASK_SERIALIZER) == (["json"], "json")


def is_ours(pattern: ast.expr) -> bool:
    """Made of constants, of names from the module, of our own functions and of what was escaped."""
    match pattern:
        case ast.Constant() | ast.Attribute():
            return True
        case ast.Name(id=name):
            return name.isupper() or name.startswith("_") or name in {"number", "of"}
        case ast.BinOp(left=left, right=right):
            return is_ours(left) and is_ours(right)
        case ast.JoinedStr(values=values):
            return all(is_ours(one.value) if isinstance(one, ast.FormattedValue) else True for one in values)
        case ast.Call(func=func):
            return ast.unparse(func) in {"re.escape", "_number"} or (
                isinstance(func, ast.Attribute) and func.attr == "join"
            )
    return False


def test_patterns_from_text_are_escaped() -> None:
    uses = {"compile", "search", "match", "fullmatch", "sub", "split", "findall", "finditer"}
    foreign = [
        where
        for where, name, call in calls()
        if name.startswith("re.") and name.removeprefix("re.") in uses and call.args and not is_ours(call.args[0])
    ]
    assert foreign == []


def test_no_weak_hash_is_used() -> None:
    weak = {"hashlib.md5", "hashlib.sha1", "hashlib.new"}
    assert [where for where, name, _ in calls() if name in weak] == []


def test_passwords_are_hashed_slowly() -> None:
    assert settings.PASSWORD_HASHERS[0].endswith("PBKDF2PasswordHasher")
    assert isinstance(get_hasher("pbkdf2_sha256"), PBKDF2PasswordHasher)
    assert PBKDF2PasswordHasher.iterations >= 600_000


def test_secrets_come_from_secrets() -> None:
    lots = {path.name for path, name in imports() if name == "random"}
    assert lots <= MAY_DRAW_LOTS


def test_no_component_is_older_than_its_last_known_hole() -> None:
    old = {name: why for name, (least, why) in FLOORS.items() if Version(version(name)) < Version(least)}
    assert old == {}


def test_scripts_keep_nothing_sensitive_in_the_browser() -> None:
    """The one cookie that a script reads is the CSRF token's, which a page left open needs anew after a sign-in beside it."""
    assert [path.name for path, text in SCRIPTS.items() if re.search(r"localStorage|indexedDB", text)] == []
    cookies = [line for text in SCRIPTS.values() for line in text.splitlines() if "document.cookie" in line]
    assert len(cookies) == 1 and "csrftoken" in cookies[0]


def test_scripts_merge_no_foreign_objects() -> None:
    assert [
        path.name for path, text in SCRIPTS.items() if re.search(r"Object\.assign|__proto__|postMessage", text)
    ] == []


# The table of the Application Security Verification Standard 5.0.0

TABLE = list(csv.DictReader((ROOT / "docs/asvs.csv").read_text(encoding="utf-8").splitlines()))
VERDICTS = {"holds", "short", "host", "none"}


def test_every_requirement_of_levels_1_and_2_has_a_verdict() -> None:
    """70 requirements of level 1, 183 of level 2, and those of level 3 that we chose to take as well."""
    by_level = [sum(row["level"] == level for row in TABLE) for level in "12"]
    assert by_level == [70, 183]
    assert len({row["id"] for row in TABLE}) == len(TABLE)
    assert {row["verdict"] for row in TABLE} == VERDICTS
    assert all(row["reason"] for row in TABLE)


def what_is_wrong_with_the_proof(row: dict[str, str]) -> str:
    name, _, function = row["proof"].partition("::")
    path = ROOT / name
    if not path.exists():
        return f"{name} is gone"
    if function and f"def {function}(" not in path.read_text():
        return f"{function} is not in {name}"
    return (
        "shown by no test and no page" if row["verdict"] == "holds" and not name.startswith(("tests/", "docs/")) else ""
    )


def test_every_requirement_that_applies_names_a_proof_that_exists() -> None:
    found = {row["id"]: what_is_wrong_with_the_proof(row) for row in TABLE if row["verdict"] != "none"}
    assert {id_: wrong for id_, wrong in found.items() if wrong} == {}
