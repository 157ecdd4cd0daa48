"""Every refusal has a code and a sentence in both languages, and whoever shows it needs to know no code."""

from __future__ import annotations

import ast
import io
import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from annotation.bad_cases import following
from annotation.curation import hard_sets
from annotation.gold import adjudicating
from annotation.models import Disagreement
from annotation.standard import backtesting, replaying
from catalogue.pictures import allowed_hosts, fetching
from evaluation import calibrating, canary_jobs
from inference.playground import activating, trials
from inference.prelabel import runs
from inference.prompting import prompt_versions
from inference.registry import putting_back, registry
from lore_app import catalogues
from projects import membership, tokens
from projects.models import Person, Project, Scope
from projects.refusals import Refused
from rules import drafting, remarks, reviewing
from tests.conftest import Cast
from tests.test_architecture import ROOT, modules
from tests.world.rows import make_model, make_pair, make_rule_base
from training import training_jobs

ClientFor = Callable[[Person], Client]
# What others said, told as it is: what speaks against a draft, why a pack is unreadable.
QUOTED = {"objections", "unreadable"}


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """A page asked for in Chinese leaves its language to the next test of the thread."""
    with translation.override("en"):
        yield


class Raised(NamedTuple):
    where: str
    code: str
    sentence: str


def refusals() -> Iterator[Raised]:
    """Each Refused(...) of the product, as written; a sentence that is no literal of gettext is empty."""
    for path in modules():
        tree = ast.parse(path.read_text())
        named = {
            target.id: node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id == "Refused"
                and len(node.args) > 1
            ):
                code, said = node.args[:2]
                said = named.get(said.id, said) if isinstance(said, ast.Name) else said
                text = said.args[0] if isinstance(said, ast.Call) and said.args else None
                where = f"{path.relative_to(ROOT)}:{node.lineno}"
                assert isinstance(code, ast.Constant), where
                yield Raised(where, str(code.value), str(text.value) if isinstance(text, ast.Constant) else "")


def test_every_refusal_has_a_code_and_a_sentence_in_both_languages() -> None:
    found = list(refusals())
    assert len(found) > 40, "the walk finds them"
    assert [one for one in found if not re.fullmatch(r"[a-z]+(_[a-z]+)*", one.code)] == []
    messages = {message.id for message in catalogues.messages(ROOT)}  # all of them translated: test_translations
    assert [one for one in found if one.code not in QUOTED and one.sentence not in messages] == []


def test_the_sentence_is_said_in_the_language_of_whoever_reads_it() -> None:
    refusal = Refused("too_many", _("Twelve lines of 300 characters at most."))
    assert refusal.sentence == "Twelve lines of 300 characters at most."
    with translation.override("zh-hans"):
        assert str(refusal) == refusal.sentence == "最多十二行，每行不超过 300 个字符。"


def test_what_a_refusal_is_about_stands_in_its_sentence() -> None:
    refusal = Refused("cases_fail", _("Worked cases fail: %(cases)s"), cases="100 % of them")
    assert (refusal.code, refusal.sentence) == ("cases_fail", "Worked cases fail: 100 % of them")


def test_a_sentence_without_values_is_told_as_it_is() -> None:
    """Else a percent sign in what others said would be a fault of ours."""
    assert Refused("objections", "It drops by 25.0% of 16.").sentence == "It drops by 25.0% of 16."


class Form(NamedTuple):
    """A form, by whom it is sent, and what refuses it."""

    url: str
    who: str
    module: Any
    function: str
    arguments: tuple[str, ...] = ()  # of the world below, by name
    fields: dict[str, str] = {}


FORMS = (
    Form("dispute", "ada", adjudicating, "adjudicate", ("dispute",), {"idempotency_key": str(uuid.uuid4())}),
    Form("hard-sets", "max", hard_sets, "freeze_hard_set", (), {"name": "Hard"}),
    Form("bad-case", "lena", following, "close", ("case",), {"act": "close"}),
    Form("bad-case-open", "lena", following, "open_case", (), {"pair": "pair"}),
    Form("runs", "max", runs, "start_run"),
    Form("playground", "max", trials, "start_trial"),
    Form("compare", "max", trials, "start_comparison"),
    Form("prompt-activate", "max", activating, "activate", ("prompt",)),
    Form("prompt-put-back", "max", activating, "put_back"),
    Form("model-promote", "max", registry, "promote", ("model",)),
    Form("model-put-back", "max", putting_back, "put_back", ("model",)),
    Form("backtests", "rosa", backtesting, "start", (), {"draft": "draft"}),
    Form("replay-freeze", "rosa", replaying, "freeze"),
    Form("model-train", "max", training_jobs, "ask", (), {"source": "people"}),
    Form("model-canary", "max", canary_jobs, "ask", ("model",)),
    Form("model-calibrate", "max", calibrating, "fit", ("model",)),
    Form("picture-source", "lena", allowed_hosts, "allow", (), {"host": "pictures.example.com"}),
    Form("rule-draft-act", "rosa", reviewing, "submit", ("draft",), {"act": "submit"}),
    Form("rule-say", "ana", remarks, "say", ("rule",)),
    Form("members", "lena", membership, "add_or_offer", (), {"username": "eve", "role": "labeler"}),
    Form("tokens", "lena", tokens, "issue", (), {"name": "ci", "scopes": "import", "days": "30"}),
    Form("pictures-retry", "lena", fetching, "try_again"),  # of a view that catches nothing
)


@pytest.fixture
def world(project: Project, cast: Cast) -> dict[str, Any]:
    pair = make_pair(project=project)
    return {
        "pair": pair.pk,
        "dispute": Disagreement.objects.create(project=project, pair=pair, kind="human_human").pk,
        "case": following.open_case(cast.ana, pair, cause="").pk,
        "draft": drafting.start(make_rule_base(), "Colours", "", cast.rosa).pk,
        "rule": "R-001",
        "model": make_model().pk,
        "prompt": prompt_versions.active().pk,
    }


NEVER_HEARD_OF = ("never_heard_of", _("No pair has such a reason yet."))


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.url)
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_refusal_that_a_page_has_never_heard_of_is_said_there(
    form: Form, language: str, world: dict[str, Any], cast: Cast, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise Refused(*NEVER_HEARD_OF, status=409)

    monkeypatch.setattr(form.module, form.function, refuse)
    person = getattr(cast, form.who)
    Person.objects.filter(pk=person.pk).update(locale=language)
    slug = [] if form.url.startswith("rule-") else ["shoes"]
    address = reverse(form.url, args=[*slug, *(world[name] for name in form.arguments)])
    fields = {name: str(world.get(value, value)) for name, value in form.fields.items()}
    answer = client_for(person).post(address, fields)
    assert answer.status_code in (409, 422), answer.headers
    with translation.override(language):
        assert str(NEVER_HEARD_OF[1]) in answer.content.decode()


def test_programs_are_told_code_and_sentence(
    project: Project, cast: Cast, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise Refused(*NEVER_HEARD_OF, status=409)

    monkeypatch.setattr(runs, "start_run", refuse)
    secret = tokens.issue(project, "ci", [Scope.PRELABEL], 30, actor=cast.lena).secret
    address = reverse("api-runs", args=[project.slug])
    answer = client.post(address, "{}", "application/json", headers={"Authorization": f"Bearer {secret}"})
    assert answer.status_code == 409
    assert answer.json() == {"error": "No pair has such a reason yet.", "code": "never_heard_of"}


def test_a_command_tells_code_and_sentence(project: Project) -> None:
    told, aside = io.StringIO(), io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("freeze_hard_set", "--project=shoes", "--name=Hard", stdout=told, stderr=aside)
    assert ended.value.code == 1
    assert told.getvalue().strip() == '{"error": "No pair has such a reason yet.", "code": "nothing_hard"}'
    assert aside.getvalue().strip() == "nothing_hard: No pair has such a reason yet."
