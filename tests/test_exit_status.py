"""What commands exit with: 1, and the reason that most rows share, where nothing at all succeeded; 0 where nothing was left
to do."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Sequence
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.core.management import call_command, get_commands, load_command_class
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from annotation.models import Export
from catalogue.importing import nothing_in
from catalogue.models import Import
from catalogue.pictures import fetching
from catalogue.pictures.printed_words import NotRead
from evaluation import canary_jobs
from inference import asking
from inference.engines.base import Completion, EngineError
from inference.knowledge import file_jobs
from inference.models import KnowledgeImport, PrelabelRun
from inference.pipeline import Judged
from inference.prompting import prompt_versions, query_spans
from inference.registry import connecting, registry
from projects import tokens
from projects.commands import JsonCommand
from projects.models import Project, Scope
from relevance.rules import parse_rule, rule_to_data
from rules import drafting, publishing
from rules.packs import dump_pack
from rules.publishing import body_of
from tests.at_work import work_on
from tests.conftest import Cast
from tests.rules.conftest import spec
from tests.scripted_reader import painted, scripted
from tests.world.rows import make_import, make_judgment, make_model, make_pair, make_rule_base

pytestmark = pytest.mark.django_db
UNTITLED = [
    {"query": "red mug", "item_id": "m1"},
    {"query": "red mug", "item_id": "m2"},
    {"item_id": "m3", "title": "Pot"},
]


class World(NamedTuple):
    """What a case may need to bring a command to where nothing succeeds."""

    project: Project
    cast: Cast
    folder: Path
    monkeypatch: pytest.MonkeyPatch

    def file(self, *rows: object) -> str:
        path = self.folder / "rows.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return str(path)

    def answered(self, answer: Judged | EngineError) -> None:
        """By whichever model is asked about whichever pair."""
        self.monkeypatch.setattr(asking, "judge", lambda questions, *_engine, **_rules: [answer] * len(questions))

    def stocked(self, pairs: int = 3) -> None:
        make_rule_base()
        for number in range(pairs):
            make_pair(project=self.project, query=f"mug {number}")


def command(name: str, *arguments: object) -> tuple[int, dict[str, Any], str]:
    """Exit status, the last line of stdout as JSON, and stderr."""
    out, err, status = StringIO(), StringIO(), 0
    try:
        call_command(name, *map(str, arguments), stdout=out, stderr=err)
    except SystemExit as ended:
        status = int(ended.code or 0)
    return status, json.loads(out.getvalue().splitlines()[-1]), err.getvalue()


def invalid(reason: str) -> Judged:
    return Judged("invalid", reason, "", "", None, None, None, (), "0" * 64, Completion("well,", None))


def pairs_without_titles(world: World) -> Sequence[object]:
    return [world.file(*UNTITLED), "--project", "shoes"]


def items_without_titles(world: World) -> Sequence[object]:
    return [world.file(*[{"item_id": f"m{n}", "category": "mugs"} for n in range(4)]), "--project", "shoes"]


def cards_without_text(world: World) -> Sequence[object]:
    return [world.file({"kind": "term", "key": "mug"}, {"kind": "term", "key": "pot"}), "--project", "shoes"]


def dead_addresses(world: World) -> Sequence[object]:
    fetching.want(make_import(project=world.project), ["https://10.0.0.1/a.png", "https://10.0.0.2/a.png"])
    return ["--project", "shoes", "--wait"]


def pictures_too_much(world: World) -> Sequence[object]:
    scripted(world.monkeypatch, red=NotRead("words_too_much"))
    painted(world.project, "red")
    return ["--project", "shoes", "--wait"]


def no_answer(world: World) -> Sequence[object]:
    world.stocked()
    world.answered(EngineError("no_answer", "not a word"))
    return ["--project", "shoes", "--wait"]


def refused_key(world: World) -> Sequence[object]:
    world.stocked()
    world.answered(EngineError("auth", "HTTP 401: no such key"))
    return ["--project", "shoes", "--wait"]


def prose(world: World) -> Sequence[object]:
    world.stocked()
    world.answered(invalid("not_json"))
    return ["--project", "shoes", "--wait"]


def prose_for_queries(world: World) -> Sequence[object]:
    world.stocked()
    make_model(name="reader", prompt=prompt_versions.active(), learnt=True)
    said = query_spans.RefusedReading("not_json")
    world.monkeypatch.setattr(connecting, "chat", lambda _model: None)
    world.monkeypatch.setattr(query_spans, "readings", lambda queries, *_chat, **_held: [said] * len(queries))
    return ["--project", "shoes", "--model", "reader", "--wait"]


def prose_for_the_canary(world: World) -> Sequence[object]:
    world.stocked()
    world.answered(invalid("not_json"))
    return ["--pairs", 5]


def no_gold(world: World) -> Sequence[object]:
    world.stocked()
    return ["--project", "shoes"]


def no_gold_to_export(world: World) -> Sequence[object]:
    world.stocked()
    return ["--project", "shoes", "--kind", "sft", "--out", world.folder / "out"]


def only_benchmark_queries(world: World) -> Sequence[object]:
    pair = make_pair(project=world.project)
    make_judgment(pair=pair, by=world.cast.ana)
    pair.query.is_benchmark = True
    pair.query.save()
    return ["--project", "shoes", "--kind", "labels", "--out", world.folder / "out"]


def no_grids(world: World) -> Sequence[object]:
    world.stocked()
    publishing.publish_pack([spec("R-900")])
    base = publishing.newest()
    assert base is not None
    draft = drafting.start(base, "Other words", "", world.cast.rosa)
    drafting.change(draft, "R-900", {**body_of(spec("R-900")), "cases": [], "label": "L3"}, 0, world.cast.rosa)
    return ["--project", "shoes", "--draft", draft.pk]


def other_words(world: World) -> Sequence[object]:
    publishing.publish_pack([spec("R-001")])
    changed = {**rule_to_data(spec("R-001")), "precedence": 77}
    pack = dump_pack([parse_rule(changed)])
    path = world.folder / "pack.yaml"
    path.write_text(pack, encoding="utf-8")
    return [path]


def unreadable_rules(world: World) -> Sequence[object]:
    path = world.folder / "pack.yaml"
    path.write_text(dump_pack([spec("R-001")]).replace("dimension: ", "dimension: smell of "), encoding="utf-8")
    return [path]


def for_a_set(world: World) -> Sequence[object]:
    return ["--project", "shoes", "--name", "hard"]


Make = Callable[[World], Sequence[object]]
# command, how it comes to nothing, code, what the sentence says, and a count that stands beside it
NOTHING: list[tuple[str, Make, str, str, tuple[str, object] | None]] = [
    ("import_pairs", pairs_without_titles, "title_rejected",
     "0 of 3 rows went in: title: missing (2 of them, row 1 first).", ("rejected", 3)),
    ("import_items", items_without_titles, "title_rejected", "(4 of them, row 1 first)", ("read", 4)),
    ("import_knowledge", cards_without_text, "text_rejected", "0 of 2 rows went in: text: ", ("rejected", 2)),
    ("read_pictures", pictures_too_much, "words_too_much",
     "0 of 1 pictures were read: to read its words takes more time or memory than a picture may (1 of them).",
     ("failed", 1)),
    ("fetch_pictures", dead_addresses, "address_host",
     "0 of 2 pictures were fetched: the address names no host by its name (2 of them).", ("dead", 2)),
    ("read_queries", prose_for_queries, "not_json", "0 of 3 queries were read: What it said is not", ("read", 0)),
    ("prelabel", no_answer, "no_answer",
     "0 of 3 pairs got an answer that can be used. 3 of them: The model gave no answer. not a word", ("dead", 3)),
    ("prelabel", refused_key, "auth",
     "Its engine refuses to answer, so the run was stopped. The model's server refuses the key, or none was sent. "
     "HTTP 401: no such key Set the key of its server in LORE_MODEL_KEYS", ("dead", 0)),
    ("prelabel", prose, "not_json",
     "0 of 3 pairs got an answer that can be used. 3 of them: What it said is not one whole JSON object.", ("invalid", 3)),
    ("canary", prose_for_the_canary, "not_json", "0 of 5 pairs got an answer that can be used", ("unanswered", 5)),
    ("agreement", no_gold, "nothing_to_compare", "no pair carries both labels", ("pairs", 0)),
    ("export", no_gold_to_export, "no_gold", "no pair has a gold label", ("rows", 0)),
    ("export", only_benchmark_queries, "held_out_benchmark",
     "0 of 1 pairs were exported: held out for the benchmark (1 of them).", ("rows", 0)),
    ("backtest", no_grids, "no_grids", "0 of 3 pairs were tested", ("pairs", 0)),
    ("load_rules", other_words, "no_rule_published", "0 of 1 rules were published: R-001", ("problems", 1)),
    ("lint_rules", unreadable_rules, "", "no rule can be read", None),
    ("calibrate", lambda world: [*no_gold(world), "--model", "distilled"], "", "", None),
    ("train_distilled", no_gold, "", "", None),
    ("freeze_hard_set", for_a_set, "nothing_hard", "No pair has such a reason yet.", None),
]  # fmt: skip
# What does one thing, or raises; what is done already, or not there to be done, is done.
ONE_ACT = {
    "alive", "appoint_rule_owner", "archive_project", "backup", "create_admin", "default_model", "default_prompt",
    "delete_project", "dump_rules", "erase_query",
    "export_earlier", "forget_person", "issue_token", "judge_again", "knowledge_from_catalogue",
    "check_evidence", "learn_tagger", "more_judgments", "project_rules", "put_back", "register_model", "remake_evidence", "restore",
    "retire_model", "revoke_token", "work",
}  # fmt: skip


@pytest.fixture
def world(project: Project, cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(project, cast, tmp_path, monkeypatch)


@pytest.mark.parametrize(
    ("name", "make", "code", "says", "count"),
    NOTHING,
    ids=[f"{row[0]}-{row[1].__name__.strip('<>')}" for row in NOTHING],
)
def test_where_nothing_succeeded_a_command_exits_1_and_says_why(
    world: World, name: str, make: Make, code: str, says: str, count: tuple[str, object] | None
) -> None:
    status, answer, told = command(name, *make(world))
    assert status == 1
    assert says in answer["error"] and answer["error"].rstrip() in told
    assert not code or answer["code"] == code
    if count is not None:
        assert answer[count[0]] == count[1]


def test_every_command_of_the_product_has_its_case() -> None:
    ours = {
        name
        for name, app in get_commands().items()
        if isinstance(app, str) and isinstance(load_command_class(app, name), JsonCommand)
    }
    assert ours == {row[0] for row in NOTHING} | ONE_ACT


def test_nothing_left_to_do_is_done(world: World) -> None:
    good = [world.file({"query": "red mug", "item_id": "m1", "title": "Mug"}), "--project", "shoes"]
    make_rule_base()
    for _time in range(2):
        assert command("import_pairs", *good)[0] == 0
    for _time in range(2):
        assert command("prelabel", "--project", "shoes", "--wait")[0] == 0
    assert command("fetch_pictures", "--project", "shoes", "--wait")[0] == 0
    assert command("judge_again", "--project", "shoes")[0] == 0
    assert command("prelabel", "--project", "shoes", "--only", "failed", "--wait")[1]["pairs"] == 0


def test_one_row_that_went_in_is_enough(world: World) -> None:
    rows = world.file(*UNTITLED, {"query": "red mug", "item_id": "m4", "title": "Mug"})
    status, answer, _told = command("import_pairs", rows, "--project", "shoes")
    assert (status, answer["new"], answer["rejected"]) == (0, 1, 3) and "error" not in answer


def test_answers_that_were_unusable_before_are_no_success_the_second_time(world: World) -> None:
    arguments = prose(world)
    command("prelabel", *arguments)
    status, answer, _told = command("prelabel", *arguments)
    assert (status, answer["code"], answer["ok"]) == (1, "not_json", 0)


def test_a_prelabel_that_does_not_wait_has_not_failed(world: World) -> None:
    no_answer(world)
    assert command("prelabel", "--project", "shoes")[0] == 0


def test_the_import_page_says_it_at_the_top_and_programs_are_told_the_same(
    world: World, client_for: Callable[..., Client]
) -> None:
    _status, answer, _told = command("import_pairs", *pairs_without_titles(world))
    batch = Import.objects.get()
    page = client_for(world.cast.lena).get(reverse("import", args=["shoes", batch.pk])).content.decode()
    assert answer["error"] in page and "The file is in." not in page
    told = program(world).get(f"/api/v1/p/shoes/imports/{batch.pk}/").json()
    assert told["why_nothing"] == {"code": answer["code"], "sentence": answer["error"]}


def test_the_run_page_says_it_at_the_top_and_programs_are_told_the_same(
    world: World, client_for: Callable[..., Client]
) -> None:
    _status, answer, _told = command("prelabel", *no_answer(world))
    run = PrelabelRun.objects.get()
    page = client_for(world.cast.lena).get(reverse("run", args=["shoes", run.pk])).content.decode()
    assert answer["error"] in html.unescape(page) and "This run has ended" not in page
    told = program(world).get(f"/api/v1/p/shoes/runs/{run.pk}/").json()
    assert told["why_nothing"] == {"code": "no_answer", "sentence": answer["error"]}


def test_the_export_page_says_it_at_the_top_and_programs_are_told_the_same(
    world: World, client_for: Callable[..., Client]
) -> None:
    _status, answer, _told = command("export", *only_benchmark_queries(world))
    export = Export.objects.get()
    page = client_for(world.cast.lena).get(reverse("export", args=["shoes", export.pk])).content.decode()
    assert answer["error"] in page
    told = program(world).get(f"/api/v1/p/shoes/exports/{export.pk}/").json()
    assert told["why_nothing"] == {"code": "held_out_benchmark", "sentence": answer["error"]}


def test_the_pages_of_pictures_and_of_knowledge_files_say_it(world: World, client_for: Callable[..., Client]) -> None:
    client = client_for(world.cast.lena)
    _status, answer, _told = command("fetch_pictures", *dead_addresses(world))
    assert answer["error"] in client.get(reverse("pictures", args=["shoes"])).content.decode()
    arguments = cards_without_text(world)
    _status, answer, _told = command("import_knowledge", *arguments)
    with Path(str(arguments[0])).open("rb") as file:
        brought = client.post(reverse("knowledge-import", args=["shoes"]), {"file": file})
    assert work_on(file_jobs.KIND, [KnowledgeImport.objects.get().pk]) == 1
    page = client.get(brought["Location"]).content.decode()
    assert answer["error"] in page and "The good rows are in" not in page


def test_a_canary_run_of_the_browser_that_measured_nothing_ends_with_the_same_reason(world: World) -> None:
    world.stocked()
    world.answered(invalid("not_json"))
    model = registry.judge_by(world.project, publishing.specs(publishing.newest()))
    job = canary_jobs.ask(world.project, model, world.cast.max)
    assert work_on(canary_jobs.KIND, [job.pk]) == 1
    job.refresh_from_db()
    assert job.state == "dead" and job.error.startswith("not_json: Nothing was measured: 0 of 36 pairs")


def test_it_is_said_in_the_readers_language(world: World) -> None:
    command("import_pairs", *pairs_without_titles(world))
    with override("zh-hans"):
        why = nothing_in.why(Import.objects.get())
    assert why is not None and "行" in why.sentence


def program(world: World) -> Client:
    secret = tokens.issue(world.project, "nightly", list(Scope), 30, actor=world.cast.lena).secret
    return Client(headers={"Authorization": f"Bearer {secret}"})
