"""What a password may be: long, of any signs, typed as one likes, and no word of the workplace."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client

from projects.models import Membership, Person, Project, Role

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "password", ["lorecopilot1234", "Relevance-2026!", "Copilot.LORE.77", "shoes-of-ana-12", "LabelerLabeler1"]
)
def test_words_of_the_workplace_are_no_passwords(password: str) -> None:
    ana = Person.objects.create_person("quite-another")
    project = Project.objects.create(slug="shoes-of-ana", name="Shoes of Ana")
    Membership.objects.create(project=project, person=ana, role=Role.LABELER)
    with pytest.raises(ValidationError, match="words of this workplace"):
        validate_password(password, ana)


@pytest.mark.parametrize(
    "password",
    [
        "plain folklore of the north",
        "xxzzqqkkwwvv",
        "密码很长而且没有数字的一句话",
        "        spaces    ",
        "lore and eight more",
    ],
)
def test_any_composition_of_twelve_signs_is_taken(password: str) -> None:
    validate_password(password, Person.objects.create_person("quite-another"))


def enters(password: str) -> bool:
    return Client().post("/login/", {"username": "ana", "password": password}).status_code == 302


@pytest.mark.parametrize("password", [" leading and trailing ", "ｆｕｌｌｗｉｄｔｈ ｓｉｇｎｓ", "x1-" * 40])
def test_a_password_is_taken_as_it_is_typed(password: str) -> None:
    Person.objects.create_person("ana", password=password)
    for other in (password.strip(), password[:-1], password.upper()):
        assert other == password or not enters(other)
    assert enters(password)


def test_fields_are_masked_and_may_be_pasted_into() -> None:
    page = Client().get("/login/").content.decode()
    field = re.search(r"<input[^>]*name=\"password\"[^>]*>", page)
    assert field is not None
    assert 'type="password"' in field.group()
    assert 'autocomplete="current-password"' in field.group()
    scripts = "".join(path.read_text() for path in (ROOT / "static/js").glob("*.js") if "htmx" not in path.name)
    assert "paste" not in scripts
