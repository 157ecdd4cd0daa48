"""What had been taken away since a backup stays away when it is restored: tokens, one-time links, sessions, people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client

from database.connecting import connected_as
from lore_app.backup import making, restoring
from projects import archiving, forgetting, invitations, membership, tokens
from projects.models import AuditEvent, Membership, Person, Project, Role, Scope
from tests.conftest import FreshDatabase, as_owner, drop, make_cast

PASSWORD = "correct-horse-battery"


@dataclass
class Workplace:
    """Ways in that were open when the backup was made, and closed since."""

    folder: Path
    token: str
    link: str
    session: Client

    def opened(self) -> dict[str, int]:
        """What each of them answers now. 404 is in: there is no such import."""
        program = Client(headers={"Authorization": f"Bearer {self.token}"})
        return {
            "token": program.get("/api/p/shoes/imports/999999/").status_code,
            "link": Client().get(self.link).status_code,
            "session": self.session.get("/").status_code,
        }


@pytest.fixture
def workplace(fresh_database: FreshDatabase, settings: Any, tmp_path: Path) -> Iterator[Workplace]:
    settings.OWNER_DATABASE = {**settings.OWNER_DATABASE, "NAME": fresh_database.name}
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    project = Project.objects.create(slug="shoes", name="Shoes")
    away = Project.objects.create(slug="boots", name="Boots")
    cast = make_cast(project)
    for person in (cast.ada, cast.ben):
        person.set_password(PASSWORD)
        person.save()
    membership.add_role(away, "ben", Role.LABELER, actor=None)
    token = tokens.issue(project, "sync", [Scope.IMPORT], 30, actor=cast.lena)
    link = invitations.invite(cast.ana, actor=None)
    session = Client()
    assert session.post("/login/", {"username": "ada", "password": PASSWORD}).status_code == 302
    place = Workplace(tmp_path / "safe", token.secret, link.path, session)
    with connected_as(settings.OWNER_DATABASE):
        making.make(place.folder, lambda _: None)
    assert place.opened() == {"token": 404, "link": 200, "session": 200}

    tokens.revoke(token.token, actor=cast.lena)
    assert invitations.accept(link.path.split("/")[-2], PASSWORD)
    membership.deactivate(cast.ada, actor=cast.root)
    held = away.memberships.get(person=cast.ben)
    membership.remove_role(held, actor=cast.root)
    cast.ben.refresh_from_db()
    cast.ben.set_password("another-horse-battery")
    cast.ben.save()
    archiving.archive(away, actor=cast.root)
    assert place.opened() == {"token": 401, "link": 410, "session": 302}
    yield place
    connection.close()
    with as_owner() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [f"{fresh_database.name}\\_before%"])
        aside = [name for (name,) in cursor.fetchall()]
    for name in aside:
        drop(name)


def test_what_was_taken_away_since_the_backup_stays_away(workplace: Workplace) -> None:
    said: list[str] = []
    told = restoring.restore(workplace.folder, said.append, replace=True)
    assert workplace.opened() == {"token": 401, "link": 410, "session": 302}
    assert (told["sign_ins"], told["tokens"], told["links"], told["sessions"]) == ("ended", 1, 1, 1)
    assert any("ended: 1 service tokens, 1 one-time links, 1 sessions" in line for line in said)
    ended = AuditEvent.objects.get(act="backup.restored").detail
    assert (ended["tokens"], ended["links"], ended["sessions"]) == (1, 1, 1)
    assert AuditEvent.objects.filter(act="token.revoked", project__slug="shoes").count() == 1  # its lead reads it


def test_asked_to_keep_them_a_restore_opens_them_all_again_and_says_so(workplace: Workplace) -> None:
    """The control: without the step that ends them, each of the three opens."""
    said: list[str] = []
    told = restoring.restore(workplace.folder, said.append, replace=True, keep_sign_ins=True)
    assert workplace.opened() == {"token": 404, "link": 200, "session": 200}
    assert told["sign_ins"] == "kept"
    assert any("opens again" in line for line in said)
    assert AuditEvent.objects.get(act="backup.restored").detail["sign_ins"] == "kept"


def test_nobody_is_reactivated_and_what_is_as_before_is_named(workplace: Workplace) -> None:
    said: list[str] = []
    told = restoring.restore(workplace.folder, said.append, replace=True)
    ada = Person.objects.get(username="ada")
    assert not ada.is_active and not ada.has_usable_password()
    assert Client().post("/login/", {"username": "ada", "password": PASSWORD}).status_code == 422
    assert told["still_deactivated"] == ["ada"]
    assert told["older_passwords"] == ["ana", "ben"]  # Ana had none yet
    assert told["older_roles"] == ["ben (labeler, boots)"]
    assert told["open_again"] == ["boots"]
    text = "\n".join(said)
    for line in ("still are: ada", "of then, or none: ana, ben", "are back: ben (labeler, boots)", "are open: boots"):
        assert line in text


@pytest.mark.parametrize("keep_sign_ins", [False, True])
def test_who_was_forgotten_since_is_forgotten_again_and_does_not_sign_in(
    workplace: Workplace, keep_sign_ins: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    ben = Person.objects.get(username="ben")
    called = forgetting.forget(ben, typed="ben", actor=None)
    call_command("restore", str(workplace.folder), "--replace", *["--keep-sign-ins"] * keep_sign_ins)
    told = capsys.readouterr()
    answer = json.loads(told.out.splitlines()[-1])
    assert answer["forgotten_again"] == [called] and f"forgotten since, and again: {called}" in told.err
    assert "ben" not in [*answer.get("older_passwords", []), *answer.get("still_deactivated", [])]
    assert Client().post("/login/", {"username": "ben", "password": PASSWORD}).status_code == 422
    assert Client().post("/login/", {"username": called, "password": PASSWORD}).status_code == 422
    ben.refresh_from_db()
    assert (ben.username, ben.name, ben.is_active, ben.has_usable_password()) == (called, "", False, False)
    assert not Membership.objects.filter(person=ben).exists()
    assert AuditEvent.objects.get(act="backup.restored").detail["forgotten_again"] == [ben.pk]


def test_the_log_names_nobody_of_a_restore_but_by_number(workplace: Workplace) -> None:
    restoring.restore(workplace.folder, lambda _: None, replace=True)
    ana, ben, ada = (Person.objects.get(username=name).pk for name in ("ana", "ben", "ada"))
    told = AuditEvent.objects.get(act="backup.restored").detail
    assert (told["still_deactivated"], told["older_passwords"]) == ([ada], [ana, ben])
    assert told["older_roles"] == [f"{ben} (labeler, boots)"]


def test_who_has_the_number_of_somebody_of_another_installation_stays(workplace: Workplace) -> None:
    """The naive control compares numbers alone, and forgets a stranger for good."""
    ben = Person.objects.get(username="ben")
    forgetting.forget(ben, typed="ben", actor=None)
    Person.objects.filter(pk=ben.pk).update(created_at="2020-01-01T00:00:00Z")
    told = restoring.restore(workplace.folder, lambda _: None, replace=True)
    ben.refresh_from_db()
    assert (ben.username, ben.is_active, told["forgotten_again"]) == ("ben", True, [])


def test_the_command_says_it_in_its_last_line(workplace: Workplace, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("restore", str(workplace.folder), "--replace")
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["sign_ins"], told["tokens"], told["still_deactivated"]) == ("ended", 1, ["ada"])


def test_a_restore_elsewhere_ends_them_too_and_says_what_it_cannot_know(workplace: Workplace, settings: Any) -> None:
    name = f"{settings.OWNER_DATABASE['NAME']}_elsewhere"
    settings.OWNER_DATABASE = {**settings.OWNER_DATABASE, "NAME": name}
    here = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    said: list[str] = []
    try:
        told = restoring.restore(workplace.folder, said.append)
        assert (told["tokens"], told["links"], told["still_deactivated"]) == (1, 1, [])
        assert workplace.opened() == {"token": 401, "link": 410, "session": 302}
        assert "look at the page People" in said[-1]
    finally:
        connection.close()
        connection.settings_dict["NAME"] = here
        drop(name)
