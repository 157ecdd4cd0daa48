"""A key of a model server goes to the address it was set for, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest

from inference.engines.origins import origin
from inference.registry import connecting
from inference.registry.keys import key_for


@pytest.fixture
def keys(settings: Any) -> None:
    settings.OPENAI_BASE_URL = "https://model.example/v1"
    settings.OPENAI_API_KEY = "sk-usual"
    settings.MODEL_KEYS = {"https://other.example:8443/v1": "sk-other", "http://10.0.0.5:8000": "sk-ten"}


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("https://model.example/v1", "sk-usual"),
        ("https://MODEL.example:443/another/path", "sk-usual"),
        ("https://other.example:8443/v1", "sk-other"),
        ("http://10.0.0.5:8000/v1", "sk-ten"),
    ],
)
def test_an_address_gets_the_key_of_its_scheme_host_and_port(keys: None, address: str, key: str) -> None:
    assert key_for(address) == key


@pytest.mark.parametrize(
    "address",
    [
        "http://model.example/v1",
        "https://model.example:8443/v1",
        "https://other.example/v1",
        "https://model.example.evil.example/v1",
        "https://model.example@evil.example/v1",
        "https://evil.example/https://model.example/v1",
        r"https://evil.example\@model.example/v1",
        "https://model.example/v1 ",
        "https://model.example#@evil.example",
        "https://model.examplé/v1",
        "model.example",
        "",
    ],
)
def test_any_other_address_gets_none(keys: None, address: str) -> None:
    assert key_for(address) == ""


def test_a_key_without_an_address_of_its_own_goes_nowhere(settings: Any) -> None:
    settings.OPENAI_BASE_URL, settings.OPENAI_API_KEY = "", "sk-usual"
    assert key_for("https://model.example/v1") == "" == key_for("")


def test_the_engine_of_an_address_holds_its_key_alone(keys: None) -> None:
    for target, key in [("", "sk-usual"), ("http://10.0.0.5:8000/v1", "sk-ten"), ("http://127.0.0.1:9/v1", "")]:
        engine = connecting.openai_server(target, "", {"model": "m"})
        assert engine.endpoint.api_key == key
        engine.close()


def test_an_origin_has_its_port_and_small_letters() -> None:
    assert origin("HTTP://[::1]/v1") == "http://[::1]:80" and origin("https://A_b.c") == "https://a_b.c:443"
