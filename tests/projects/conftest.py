from __future__ import annotations

import re
from typing import Any

import pytest
from django.http import HttpResponse

from projects import refused_requests
from projects.models import AuditEvent, Membership, OneTimeLink, Person, Project, Role, ServiceToken

PASSWORD = "correct-horse-battery"


@pytest.fixture(autouse=True)
def quick_passwords(settings: Any) -> None:
    """Hashing for production takes half a second; that it is slow is not what these tests are about."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def foreign(db: None) -> Project:
    """A project of the same name length as "shoes", led by Hanna, of which none of the cast is a member."""
    project = Project.objects.create(slug="boots", name="Boots")
    Membership.objects.create(project=project, person=Person.objects.create_person("hanna"), role=Role.LEAD)
    return project


def everything() -> list[object]:
    """What a refused request must leave as it was; that it was refused is logged."""
    acts = AuditEvent.objects.exclude(act=refused_requests.ACT).order_by("pk")
    return [
        list(acts.values()),
        *(
            list(model.objects.order_by("pk").values())
            for model in (Person, Project, Membership, OneTimeLink, ServiceToken)
        ),
    ]


def plain(response: HttpResponse, *names: str) -> str:
    """A page without its CSRF tokens and without the given names from its own address."""
    text = re.sub(r'(csrfmiddlewaretoken" value=|X-CSRFToken"?: ?)("|&quot;)?\w+', r"\1", response.content.decode())
    for name in names:
        text = text.replace(name, "NAME")
    return text
