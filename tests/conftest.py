"""A real PostgreSQL for every test: a migrated template, cloned once per run and once per test that needs commits.

Tests connect as the role the product runs as; only making databases needs the owner.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from psycopg import sql

from database.connecting import connected_as
from projects.models import Membership, Person, Project, Role
from projects.refusals import Refused
from tests.drills.scale import FULL

# The same examples at each run, in any weather: a busy machine is no finding. At full size others are drawn each time.
hypothesis.settings.register_profile(
    "suite", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow], derandomize=not FULL
)
hypothesis.settings.load_profile("suite")

ROOT = Path(__file__).resolve().parent.parent
SHARED_DATA = Path(os.environ.get("LORE_SHARED_DATA", ROOT.parent / "shared" / "data"))


MEMORY, ROOM = Path("/dev/shm"), 4 << 30


def in_memory() -> None:
    """The embedded server of the tests lies in memory where there is room, under all its durable settings.

    Without it each test with a database of its own waits for the disk, at its copy and at every commit.
    """
    if not settings.OWNER_DATABASE.get("EMBEDDED") or not MEMORY.is_dir() or shutil.disk_usage(MEMORY).free < ROOM:
        return
    whose = hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]
    data = MEMORY / f"lore-tests-{os.getuid()}-{whose}" / "postgresql"
    settings.OWNER_DATABASE["EMBEDDED"] = connection.settings_dict["EMBEDDED"] = data


def maintenance() -> dict[str, Any]:
    """The owner, in the maintenance database of an embedded server or in the given one of an external server."""
    owner: dict[str, Any] = settings.OWNER_DATABASE
    return {**owner, "NAME": "postgres"} if owner.get("EMBEDDED") else owner


def migrations_digest() -> str:
    digest = hashlib.sha256()
    for path in [
        *sorted(ROOT.glob("*/migrations/*.py")),
        *sorted(ROOT.glob("*/sql/*.sql")),
        ROOT / "lore_app/privileges.py",
        ROOT / "projects/deletion_door.py",
        ROOT / "projects/rows_of_project.py",
    ]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


@contextmanager
def as_owner(database: str | None = None) -> Iterator[Any]:
    credentials = {**settings.OWNER_DATABASE, "NAME": database} if database else maintenance()
    with connected_as(credentials), connection.cursor() as cursor:
        yield cursor


def make_template() -> str:
    """The migrated, empty database all others are cloned from; made once per set of migrations."""
    name = f"lore_test_{migrations_digest()}"
    with as_owner() as cursor:
        cursor.execute("SELECT pg_advisory_lock(7301)")
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s AND datistemplate", [name])
        if cursor.fetchone() is None:
            if settings.OWNER_DATABASE.get("EMBEDDED"):
                cursor.execute("ALTER SYSTEM SET max_wal_size = '256MB'")  # what lies in memory stays small
                cursor.execute("SELECT pg_reload_conf()")
            cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))
            cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
            migrate_in_process(name)
            cursor.execute(sql.SQL("ALTER DATABASE {} WITH IS_TEMPLATE true").format(sql.Identifier(name)))
    return name


def migrate_in_process(name: str) -> None:
    """In a process of its own, since the connection here holds the lock."""
    where = settings.OWNER_DATABASE.get("EMBEDDED")
    code = (
        "import django; django.setup()\n"
        "from pathlib import Path\n"
        "from django.conf import settings\n"
        f"settings.OWNER_DATABASE |= {{'NAME': {name!r}, 'EMBEDDED': {f'Path({str(where)!r})' if where else None}}}\n"
        "from django.core.management import call_command\n"
        "call_command('migrate', verbosity=0)\n"
        # Most tests load their rules inside a transaction of the app's role.
        "from django.db import connection\n"
        "from database.connecting import connected_as\n"
        "with connected_as(settings.OWNER_DATABASE), connection.cursor() as cursor:\n"
        "    cursor.execute(\"INSERT INTO rules_loader VALUES ('lore_app')\")\n"
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "lore_app.settings"}
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, env=environment)


def clone(template: str, name: str) -> None:
    with as_owner() as cursor:
        cursor.execute("SELECT pg_advisory_lock(7301)")  # a template may not be in use while it is copied
        cursor.execute(  # by FILE_COPY each copy, and each drop of one, would wait for a checkpoint of the whole server
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY WAL_LOG").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )


def drop(name: str) -> None:
    with as_owner() as cursor:
        cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def database_template(django_db_blocker: Any) -> str:
    with django_db_blocker.unblock():
        in_memory()
        return make_template()


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, database_template: str, django_db_blocker: Any) -> Iterator[None]:
    """Replaces pytest-django's own: one clone per test process, used as the app's role."""
    name = f"lore_run_{uuid.uuid4().hex[:12]}"
    with django_db_blocker.unblock():
        clone(database_template, name)
        connection.settings_dict["NAME"] = name
    yield
    with django_db_blocker.unblock():
        connection.close()
        drop(name)


@dataclass(frozen=True)
class FreshDatabase:
    """A database of one test's own: `settings` for a connection, `environment` for processes."""

    name: str
    settings: dict[str, Any]
    environment: dict[str, str]


def url_of(name: str) -> str:
    """The clone as a DATABASE_URL for another process, as the app's role where the server trusts the socket."""
    params = connection.get_connection_params()
    host, port = params.get("host", ""), params.get("port", "")
    user, password = params.get("user", ""), params.get("password", "")
    if str(host).startswith("/"):
        return f"postgres://{user}@/{name}?host={host}"
    return f"postgres://{user}:{password}@{host}:{port or 5432}/{name}"


def environment_of(name: str, data: Path, key: str = "a-secret-key-for-tests-only-0123456789") -> dict[str, str]:
    """Of processes over this database whose files lie in `data`: nothing of LORE_* comes from here."""
    return {
        **{k: v for k, v in os.environ.items() if not k.startswith(("LORE_", "DATABASE_URL", "REDIS_URL"))},
        "DATABASE_URL": url_of(name),
        "LORE_DATA_DIR": str(data),
        "LORE_SECRET_KEY": key,
        "LORE_PICTURE_READER": "none",
        "DJANGO_SETTINGS_MODULE": "lore_app.settings",
        "PYTHONPATH": str(ROOT),
    }


@pytest.fixture
def fresh_database(
    database_template: str, django_db_blocker: Any, tmp_path: Path, settings: Any
) -> Iterator[FreshDatabase]:
    """For tests with several connections, real commits or other processes. Dropped afterwards."""
    name = f"lore_fresh_{uuid.uuid4().hex[:12]}"
    with django_db_blocker.unblock():
        clone(database_template, name)
        before = connection.settings_dict["NAME"]
        connection.close()
        connection.settings_dict["NAME"] = name
        data = tmp_path / "data"
        environment = environment_of(name, data)
        settings.STORAGES = storages_in(data / "storage")
        yield FreshDatabase(name, dict(connection.settings_dict), environment)
        connection.close()
        connection.settings_dict["NAME"] = before
        drop(name)


def storages_in(folder: Path) -> dict[str, Any]:
    """The setting STORAGES, with what is uploaded and exported in this folder."""
    return {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(folder)}},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture(autouse=True, scope="session")
def no_picture_is_read() -> None:
    """Whether rapidocr is installed or not, a test finds the same rows, and so do worlds that many tests share; who wants a
    reader names one."""
    settings.PICTURE_READER = "none"


@pytest.fixture(autouse=True)
def storage_in_a_folder(tmp_path: Path, settings: Any) -> None:
    settings.DATA_DIR = tmp_path / "data"
    settings.STORAGES = storages_in(tmp_path / "data/storage")


@dataclass(frozen=True)
class Cast:
    """Who plays in every test. Eve belongs to no project; Rosa is a rule owner of the project and of the installation."""

    ana: Person
    ben: Person
    ada: Person
    rosa: Person
    max: Person
    lena: Person
    otto: Person
    root: Person
    eve: Person


ROLES = {
    "ana": Role.LABELER,
    "ben": Role.LABELER,
    "ada": Role.ADJUDICATOR,
    "rosa": Role.RULE_OWNER,
    "max": Role.ML_ENGINEER,
    "lena": Role.LEAD,
    "otto": Role.AUDITOR,
}


def make_cast(project: Project) -> Cast:
    people = {name: Person.objects.create_person(name, name=name.title()) for name in [*ROLES, "root", "eve"]}
    Person.objects.filter(pk=people["root"].pk).update(is_system_admin=True)
    people["root"].refresh_from_db()
    for name, role in ROLES.items():
        Membership.objects.create(project=project, person=people[name], role=role)
    Person.objects.filter(pk=people["rosa"].pk).update(is_rule_owner=True)  # of the installation, too
    people["rosa"].refresh_from_db()
    return Cast(**people)


@pytest.fixture
def project(db: None) -> Project:
    return Project.objects.create(slug="shoes", name="Shoes", overlap=2, mode="facts")


@pytest.fixture
def cast(project: Project) -> Cast:
    return make_cast(project)


@pytest.fixture
def client_for() -> Callable[[Person], Client]:
    def sign_in(person: Person) -> Client:
        client = Client()
        now = Person.objects.get(pk=person.pk)  # whatever ended this person's sessions since has raised the epoch
        client.force_login(now, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return sign_in


# The folders whose files take longest, longest first: begun last, one of them would leave the other processes idle.
LONGEST = ("permissions", "drills", "e2e", "hostile", "lore_app")
# What a folder's tests are chosen by, or left out.
MARKED = {"permissions": "permissions", "hostile": "hostile", "drills": "drill", "lore_app": "processes"}


def folder_of(item: pytest.Item) -> str:
    inside = item.path.relative_to(ROOT / "tests").parts
    return inside[0] if len(inside) > 1 else ""


def pytest_make_parametrize_id(val: object) -> str | None:
    """A gzip holds the second in which it was made: processes side by side would not call its test by the same name."""
    return "gzip" if isinstance(val, bytes) and val.startswith(b"\x1f\x8b") else None


def pytest_itemcollected(item: pytest.Item) -> None:
    if mark := MARKED.get(folder_of(item)):
        item.add_marker(mark)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """File by file, the longest first. Without it pytest-django takes each file apart by how its tests use the database."""

    def place(item: pytest.Item) -> tuple[int, str]:
        folder = folder_of(item)
        return LONGEST.index(folder) if folder in LONGEST else len(LONGEST), str(item.path)

    items.sort(key=place)


def refused(code: str) -> Any:
    """`with refused("own_case"):` what stands below is refused, for that reason."""
    return pytest.raises(Refused, check=lambda refusal: refusal.code == code)


FIGURE = "figure"


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Callable[..., None]:
    """What a drill or proof measured, for the end of the run: figures("D02", stored=10_000, lost=0, control_doubled=25)."""

    def note(name: str, **values: object) -> None:
        line = f"{name}: " + ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in values.items())
        request.node.user_properties.append((FIGURE, line))  # which also come back from a process beside this one

    return note


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = (report for found in terminalreporter.stats.values() for report in found)
    if told := {line for one in reports for name, line in getattr(one, "user_properties", ()) if name == FIGURE}:
        terminalreporter.section("figures")
        for line in sorted(told):
            terminalreporter.write_line(line)


@pytest.fixture
def shared_data() -> Path:
    """Real human-labelled pairs beside the repository; a test that needs them says so where they are absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"the shared data sets are absent ({SHARED_DATA.name})")
    return SHARED_DATA
