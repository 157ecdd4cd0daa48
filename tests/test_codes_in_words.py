"""Every code of a failure or of an invalid answer has a sentence in each language, and no page shows one without it."""

from __future__ import annotations

import ast
import html
import itertools
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_args

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from inference import unanswered
from inference.models import Trial
from inference.playground.trials import start_trial
from inference.prelabel import progress, runs
from inference.registry import registry
from jobs import failures
from jobs.models import JobState
from projects.models import Project
from relevance.chain import Reason
from tests.conftest import Cast
from tests.world.rows import make_pair, make_prediction, make_rule_base

ROOT = Path(__file__).parent.parent
APPS = ("jobs", "catalogue", "inference", "annotation", "evaluation", "training")
ENGINE_ERRORS = {"EngineError", "EngineUnavailable", "EngineWaiting"}


def sources() -> Iterator[tuple[Path, ast.Module]]:
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path, ast.parse(path.read_text(encoding="utf-8"))


def raised() -> Iterator[str]:
    """The codes of engine errors and of exceptions that name one, as they stand in the source."""
    for _path, tree in sources():
        for node in ast.walk(tree):
            match node:
                case ast.Call(func=ast.Name(id=name), args=[ast.Constant(value=code), *_]) if name in ENGINE_ERRORS:
                    yield str(code)
            if isinstance(node, ast.ClassDef) and any("Exception" in ast.unparse(base) for base in node.bases):
                for line in node.body:
                    if isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == "code":
                        yield ast.literal_eval(line.value)


def test_every_code_that_is_raised_has_a_sentence() -> None:
    found = {*raised()}
    assert {"auth", "no_pictures", "disk_full", "draft_changed", "cannot_train"} <= found
    assert found - failures.every().keys() == set()


def test_every_reason_of_an_invalid_answer_has_a_sentence() -> None:
    assert unanswered.WHY_INVALID.keys() == {*get_args(Reason), "posterior"}


def test_every_sentence_is_told_in_chinese_too() -> None:
    said = failures.every()
    with translation.override("zh-hans"):
        told = {code: str(sentence) for code, sentence in said.items()}
    with translation.override("en"):
        assert [code for code, sentence in said.items() if told[code] == str(sentence)] == []


def test_what_stands_behind_the_code_is_kept_and_what_is_no_code_is_a_sentence_already() -> None:
    assert failures.of("auth: HTTP 401: no such key").said == "HTTP 401: no such key"
    assert failures.of("script_ended: script_ended").said == ""
    with translation.override("en"):
        assert failures.of("ZeroDivisionError: division by zero").sentence.endswith("(ZeroDivisionError).")
    assert failures.of("Row 3: it has no title.") == ("", "Row 3: it has no title.", "")


RAW = re.compile(
    r"{(?:{|%\s*foreign)\s*[\w.]*\b(?:\w+\.(?:error|invalid_reason)|judged\.reason|reason\.code|job\.code)\b"
)


def test_no_template_prints_a_stored_code_as_it_is() -> None:
    pages = {path: path.read_text(encoding="utf-8") for path in (ROOT / "templates").rglob("*.html")}
    assert [f"{path.relative_to(ROOT)}: {one}" for path, text in pages.items() for one in RAW.findall(text)] == []


CODES = sorted(failures.every())


@pytest.fixture
def trial(project: Project, cast: Cast) -> Trial:
    make_rule_base()
    return start_trial(make_pair(project=project), registry.cold_start(()), None, cast.max)


def shown(client: Client, language: str, name: str, *args: object) -> str:
    with translation.override(language):
        answer = client.get(reverse(name, args=args), headers={"Accept-Language": language})
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def sentence(code: str, language: str) -> str:
    with translation.override(language):
        return str(failures.every()[code])


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_each_code_of_a_job_is_told_in_the_readers_language_with_what_was_said_behind_it(language: str) -> None:
    with translation.override(language):
        told = {code: render_to_string("parts/failure.html", {"error": f"{code}: <b>said</b>"}) for code in CODES}
    for code, page in told.items():
        assert sentence(code, language) in html.unescape(page) and "&lt;b&gt;said&lt;/b&gt;" in page
        assert code in sentence(code, language) or f">{code}" not in page


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_page_of_a_trial_tells_why_there_is_no_label_in_the_readers_language(
    trial: Trial, cast: Cast, client_for: Callable[..., Client], language: str
) -> None:
    client = client_for(cast.max)
    Trial.objects.update(state=JobState.DEAD, error="auth: HTTP 401", finished_at=timezone.now())
    page = shown(client, language, "trial", trial.project.slug, trial.pk)
    assert sentence("auth", language) in page and "HTTP 401" in page
    Trial.objects.update(state=JobState.DONE, error="", judged={"status": "invalid", "reason": "length", "label": ""})
    page = shown(client, language, "trial", trial.project.slug, trial.pk)
    assert sentence("length", language) in page and ">length<" not in page


@pytest.mark.django_db
def test_the_pages_of_a_run_and_of_the_workers_tell_each_code_in_the_readers_language(
    trial: Trial, cast: Cast, client_for: Callable[..., Client]
) -> None:
    """Twenty codes at a time, as many as the page of a run lists."""
    for _number in range(19):
        make_pair(project=trial.project)
    Trial.objects.update(state=JobState.CANCELLED)
    run = runs.start_run(trial.project, None)
    jobs = list(run.jobs.values_list("pk", flat=True))
    client, untold = client_for(cast.lena), []
    for start in range(0, len(CODES), 20):
        codes = CODES[start : start + 20]
        for pk, code in zip(jobs, itertools.cycle(codes), strict=False):
            error = f"{code}: what was said"
            run.jobs.filter(pk=pk).update(state=JobState.DEAD, error=error, finished_at=timezone.now())
        of_run = shown(client, "zh-hans", "run", trial.project.slug, run.pk)
        of_workers = shown(client, "zh-hans", "workers")
        assert "what was said" in of_run and "what was said" not in of_workers
        told = {code: sentence(code, "zh-hans") for code in codes}
        untold += [code for code in codes if told[code] not in of_run or f">{code}<" in of_run]
        untold += [code for code in codes if told[code] not in of_workers or f">{code}<" in of_workers]
    assert untold == []


def test_a_prediction_that_is_invalid_tells_why_in_the_readers_language() -> None:
    with translation.override("zh-hans"):
        for code, told in unanswered.WHY_INVALID.items():
            card = render_to_string(
                "parts/prediction.html", {"prediction": {"why_invalid": unanswered.why_invalid(code)}}
            )
            assert str(told) in html.unescape(card) and code not in card


@pytest.mark.django_db
def test_that_nothing_of_a_run_succeeded_is_told_in_a_sentence_with_the_code_beside_it(
    trial: Trial, cast: Cast, client_for: Callable[..., Client]
) -> None:
    run = runs.start_run(trial.project, None)
    invalid = make_prediction(pair=trial.pair, status="invalid", reason="not_json")
    run.jobs.update(state=JobState.DONE, prediction=invalid)
    with translation.override("en"):
        told = progress.why_nothing(run, progress.progress(run))
    assert told is not None and told.code == "not_json"
    assert told.sentence == (
        "0 of 1 pairs got an answer that can be used. 1 of them: What it said is not one whole JSON object."
    )
