"""What registering says of a server: over real HTTP, one sentence for each way in which one does not suit."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command

from inference.models import ModelVersion
from tests.misbehaving.server import Misbehaving, running

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def server() -> Iterator[Misbehaving]:
    with running() as found:
        yield found


@pytest.fixture(autouse=True)
def patience(settings: Any) -> None:
    settings.MODEL_DEADLINE_SECONDS = 2


def register(target: str, *arguments: str) -> dict[str, Any]:
    """The last line of the command, which is one JSON object whatever happens."""
    out = io.StringIO()
    try:
        call_command(
            "register_model",
            "lore",
            "--engine=openai_server",
            f"--target={target}",
            *arguments,
            stdout=out,
            stderr=io.StringIO(),
        )
    except SystemExit as ended:
        assert ended.code == 1
    answer: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
    return answer


@pytest.mark.parametrize(
    ("mode", "name"), [("dated_name", "misbehaving-2026-01-01"), ("path_name", "/models/misbehaving.gguf")]
)
def test_an_alias_is_refused_by_the_name_it_stands_for_and_taken_on_consent(
    server: Misbehaving, mode: str, name: str
) -> None:
    assert f"'{name}' answered instead of 'misbehaving'" in register(server.base_url(mode))["error"]
    assert not ModelVersion.objects.filter(name="lore").exists()
    told = register(server.base_url(mode), "--answers-as", name)
    assert (told["revision"], told["found"]["answers"]) == (name, True)
    assert ModelVersion.objects.get(name="lore").options == {"model": "misbehaving", "answers_as": name}
