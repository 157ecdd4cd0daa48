from __future__ import annotations

from collections.abc import Callable

from django.test import Client

from projects.models import Person
from tests.conftest import Cast
from tests.projects.conftest import PASSWORD

ClientFor = Callable[[Person], Client]


def language_of(client: Client, path: str = "/", **headers: str) -> str:
    answer = client.get(path, headers=headers)
    text = answer.content.decode()
    spoken = text.split('<html lang="')[1].split('"')[0]
    assert answer["Content-Language"].lower() == spoken.lower()
    return spoken.lower()


def test_a_stranger_reads_what_the_browser_asks_for(db: None) -> None:
    assert language_of(Client(), "/login/", accept_language="zh-CN,zh;q=0.9") == "zh-hans"
    assert language_of(Client(), "/login/", accept_language="fr") == "en"


def test_the_switch_is_kept_for_the_browser_and_the_person(cast: Cast, client_for: ClientFor) -> None:
    client = client_for(cast.ana)
    assert client.post("/language/", {"language": "zh-hans", "next": "/help/"})["Location"] == "/help/"
    assert Person.objects.get(pk=cast.ana.pk).locale == "zh-hans"
    client.post("/logout/")
    assert language_of(client, "/login/") == "zh-hans"


def test_a_persons_own_language_wins_over_browser_and_cookie(cast: Cast, client_for: ClientFor) -> None:
    Person.objects.filter(pk=cast.ana.pk).update(locale="zh-hans")
    client = client_for(cast.ana)
    client.cookies["django_language"] = "en"
    assert language_of(client, accept_language="en") == "zh-hans"


def test_login_leaves_the_persons_language_in_the_cookie(cast: Cast) -> None:
    cast.ana.locale = "zh-hans"
    cast.ana.set_password(PASSWORD)
    cast.ana.save()
    client = Client()
    client.post("/login/", {"username": "ana", "password": PASSWORD})
    assert client.cookies["django_language"].value == "zh-hans"


def test_an_unknown_language_is_ignored(cast: Cast, client_for: ClientFor) -> None:
    for nonsense in ("xx", "zh-hans\x00", "../../etc", ""):
        answer = client_for(cast.ana).post("/language/", {"language": nonsense})
        assert answer.status_code == 302
        assert "django_language" not in answer.cookies
    assert Person.objects.get(pk=cast.ana.pk).locale == ""
