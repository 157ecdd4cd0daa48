"""The rules of the house, executable: what the linters cannot see."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver

from projects.policy import POLICY
from tests.conftest import FreshDatabase

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("relevance", "database", *settings.OUR_APPS, "lore_app", "demo")
STOREYS = (
    ("projects",),
    ("jobs",),
    ("catalogue", "rules"),
    ("inference",),
    ("annotation",),
    ("evaluation",),
    ("training",),
)
LAYER = {app: height for height, storey in enumerate(STOREYS) for app in storey}
MODULE_CEILING = 400
MODELS_CEILING = 500
STATEMENT_CEILING = 10


def modules() -> list[Path]:
    return [
        path
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        if "migrations" not in path.parts
    ]


def test_foreign_keys_point_to_the_same_or_a_lower_layer() -> None:
    """A foreign key by string escapes the import linter, so the tables themselves are walked."""
    for model in apps.get_models():
        source = model._meta.app_label
        for field in model._meta.get_fields():
            target = (
                getattr(field.related_model, "_meta", None) if field.is_relation and not field.auto_created else None
            )
            if source in LAYER and target is not None and target.app_label in LAYER:
                same = source == target.app_label
                assert same or LAYER[target.app_label] < LAYER[source], f"{model.__name__}.{field.name}"


def test_a_module_keeps_to_its_size() -> None:
    sizes = {path: len(path.read_text().splitlines()) for path in modules()}
    ceilings = {path: MODELS_CEILING if path.name == "models.py" else MODULE_CEILING for path in sizes}
    outgrown = {str(path.relative_to(ROOT)): size for path, size in sizes.items() if size > ceilings[path]}
    assert outgrown == {}, "split it by activity"


def test_no_module_is_named_after_a_technique() -> None:
    forbidden = {"utils", "helpers", "common", "manager", "managers", "services", "handlers", "misc"}
    assert not [path for path in modules() if path.stem in forbidden]


def test_a_class_name_stands_once() -> None:
    """Who greps for a class finds one. A class within a class (Meta, Kind, State) is read with its owner's name."""
    found = defaultdict(list)
    for path in modules():
        within = [ast.parse(path.read_text())]
        while within:
            node = within.pop()
            if isinstance(node, ast.ClassDef):
                found[node.name].append(str(path.relative_to(ROOT)))
            else:
                within += ast.iter_child_nodes(node)
    assert {name: paths for name, paths in found.items() if len(paths) > 1 and name != "Command"} == {}


def test_every_module_of_ours_says_what_it_knows() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in modules()
        if path.name not in {"__init__.py", "apps.py"} and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert silent == []


# Two words of SQL that stand where they do in a statement.
SQL = re.compile(
    r"^\s*(?:SELECT|WITH|INSERT INTO|UPDATE|DELETE FROM|FROM|WHERE|(?:LEFT |CROSS )?JOIN|ORDER BY)\b", re.MULTILINE
)


def long_statements(source: str) -> Iterator[str]:
    """Each literal of SQL, joined or with holes, of more lines than a statement in Python may have; no docstrings."""
    tree = ast.parse(source)
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    said |= {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant | ast.JoinedStr) and id(node) not in said:
            text = ast.get_source_segment(source, node) or ""
            lines = [line for line in text.splitlines() if line.strip("fr\"' ")]
            if len(lines) > STATEMENT_CEILING and len(SQL.findall(text)) > 1:
                yield lines[0]


def test_statements_longer_than_ten_lines_lie_beside_their_module() -> None:
    """There PostgreSQL plans them, whoever asks them: tests/database/test_statement_files.py."""
    found = {str(path.relative_to(ROOT)): list(long_statements(path.read_text())) for path in modules()}
    assert {path: said for path, said in found.items() if said and not path.startswith("demo/")} == {}


def test_the_check_for_long_statements_sees_what_it_is_for() -> None:
    ten = "\n".join(["SELECT 1", *[f"JOIN t{number} USING (id)" for number in range(9)]])
    assert list(long_statements(f'asked = """\n{ten}\n"""')) == []
    assert len(list(long_statements(f'asked = """\n{ten}\nORDER BY 1\n"""'))) == 1
    assert len(list(long_statements(f'asked = f"""\n{ten}\nORDER BY {{way}}\n"""'))) == 1
    assert list(long_statements(f'def f():\n    """\n{ten}\nORDER BY 1\n"""')) == []


def url_names(patterns: list[URLPattern | URLResolver] | None = None) -> Iterator[str | None]:
    for pattern in patterns if patterns is not None else get_resolver().url_patterns:
        if isinstance(pattern, URLResolver):
            yield from url_names(pattern.url_patterns)
        else:
            yield pattern.name


def test_every_url_has_a_policy_and_every_policy_a_url() -> None:
    assert set(url_names()) == set(POLICY)


def templates() -> list[Path]:
    return sorted((ROOT / "templates").rglob("*.html"))


def test_no_template_carries_inline_script_style_or_unescaped_text() -> None:
    pattern = re.compile(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=\"|\|safe\b|autoescape off|javascript:")
    assert [path.name for path in templates() if pattern.search(path.read_text())] == []


def test_no_python_marks_text_as_safe() -> None:
    marks = re.compile(r"\bmark_safe\b|\bSafeString\b")
    assert [str(path.relative_to(ROOT)) for path in modules() if marks.search(path.read_text())] == []


def test_what_goes_up_the_layers_goes_by_a_hook() -> None:
    """One idiom (projects/hooks.py): no signals of our own, and only Django's are listened to."""
    of_ours = re.compile(r"\bSignal\(|from django\.dispatch import (?!receiver$)", re.MULTILINE)
    assert [str(path.relative_to(ROOT)) for path in modules() if of_ours.search(path.read_text())] == []


def test_a_project_is_made_in_one_place() -> None:
    """What has to happen with each new one happens in creating.make."""
    makes = re.compile(r"\bProject\.objects\.(create|get_or_create|update_or_create|bulk_create)\(|\bProject\(\w+=")
    assert [path.name for path in modules() if makes.search(path.read_text())] == ["creating.py"]


def test_views_read_requests_in_one_way() -> None:
    """One of mine or 404, numbers, pages and htmx: projects/requests.py knows what a hostile number is."""
    own = re.compile(
        r"\.isdecimal\(|\.isdigit\(|get_object_or_404|HX-Request|request\.htmx|is None:\n\s+raise Http404\n"
    )
    views = [path for path in modules() if "views" in path.relative_to(ROOT).parts or path.stem.endswith("views")]
    assert len(views) > 20
    assert [str(path.relative_to(ROOT)) for path in views if own.search(path.read_text())] == []


def test_only_the_dispatcher_rings_celery() -> None:
    """Web code never publishes: a frozen broker must not be able to hold up a request."""
    publishes, rings = re.compile(r"\.(delay|apply_async|send_task)\("), re.compile(r"\bbell\.ring\(")
    assert {path.name for path in modules() if publishes.search(path.read_text())} == {"bell.py"}
    assert {path.name for path in modules() if rings.search(path.read_text())} == {"dispatching.py"}


def test_a_model_is_asked_about_pairs_in_one_place() -> None:
    """Whoever composes the question anew measures another judge than the one that pre-labels."""
    composes = re.compile(
        r"\bfrom inference\.pipeline import .*\b(ask|judge|prompt_digest)\b|\breconnect\(|\.generate\("
    )
    beneath = {"inference/registry/connecting.py", "inference/pipeline.py"}
    found = {str(path.relative_to(ROOT)) for path in modules() if composes.search(path.read_text())} - beneath
    assert {name for name in found if not name.startswith("inference/engines/")} == {"inference/asking.py"}


def test_leases_never_trust_this_hosts_clock() -> None:
    clocks = re.compile(r"timezone\.now\(|datetime\.now\(|time\.time\(")
    of_leases = ["annotation/judging/queue.py", "annotation/judging/recording.py", *(ROOT / "jobs").glob("*.py")]
    assert [str(path) for path in of_leases if clocks.search((ROOT / path).read_text())] == []


def test_a_process_starts_without_what_only_learning_or_asking_a_server_needs(fresh_database: FreshDatabase) -> None:
    """scikit-learn and the client of model servers are half of what a process would load before it answers."""
    start = (
        "import lore_app.wsgi, django.urls, sys; django.urls.get_resolver().url_patterns; print(*sorted(sys.modules))"
    )
    command, environment = [sys.executable, "-c", start], fresh_database.environment
    told = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
    assert {"torch", "vllm", "sklearn", "scipy", "openai"} & set(told.stdout.split()) == set()


def test_every_package_opens_with_a_map_of_what_is_in_it() -> None:
    """Each module of an app or room stands in the map of its `__init__`, and nothing that is not there."""
    wrong = []
    for package in [path.parent for app in PACKAGES for path in sorted((ROOT / app).rglob("__init__.py"))]:
        if {"management", "migrations", "templatetags", "backup", "demo"} & set(package.parts):
            continue
        told = ast.get_docstring(ast.parse((package / "__init__.py").read_text())) or ""
        named = set(re.findall(r"`(\w+)/?`", told))
        there = {path.stem for path in package.glob("*.py")} - {"__init__", "apps"}
        rooms = {path.parent.name for path in package.glob("*/__init__.py")}
        name = package.relative_to(ROOT)
        quiet = {"models"} if package.parent == ROOT else set()
        said_by_a_list = package.name in ("models", "views", "linting")
        wrong += [f"{name} says nothing"] if not told else []
        wrong += [f"{name}: {one} is not in the map" for one in there - named - quiet if not said_by_a_list]
        known = there | rooms | {path.name for path in package.iterdir()}
        wrong += [f"{name}: {one} is in the map alone" for one in named - known if not said_by_a_list]
    assert wrong == []
