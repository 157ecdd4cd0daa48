from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable
from typing import Any

import PIL.Image
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from catalogue.importing import receiving, running
from catalogue.models import Image, Import, Pair, Rejection, Snapshot
from jobs import leasing
from projects.models import AuditEvent, Project

IMPORTS = reverse("imports", args=["shoes"])
OURS = [
    {"query": "red mug", "item_id": "m1", "title": "Red mug", "label": "L4", "images": ["mug.png"]},
    {"query": "red mug", "item_id": "m2", "title": "", "description": "superb"},
]
ORIGIN = {"source": "a shop", "licence": "CC0-1.0", "attribution": "by the shop"}


def upload(rows: list[dict[str, Any]] | bytes, name: str = "pairs.jsonl") -> SimpleUploadedFile:
    data = rows if isinstance(rows, bytes) else "".join(json.dumps(row) + "\n" for row in rows).encode()
    return SimpleUploadedFile(name, data)


def png(name: str = "mug.png") -> SimpleUploadedFile:
    made = io.BytesIO()
    PIL.Image.new("RGB", (20, 20), "red").save(made, "PNG")
    return SimpleUploadedFile(name, made.getvalue(), "image/png")


@pytest.fixture
def lena(cast: Any, client_for: Callable[[Any], Client]) -> Client:
    return client_for(cast.lena)


def bring(client: Client, file: SimpleUploadedFile, kind: str = "pairs", **data: Any) -> Any:
    return client.post(IMPORTS, {"file": file, "kind": kind, **data})


def address(name: str = "import") -> str:
    return reverse(name, args=["shoes", Import.objects.latest("pk").pk])


def meaning(client: Client, **changes: str) -> dict[str, str]:
    """The fields of the second step as the page offers them, with changes by column name or field."""
    form = client.get(address()).context["form"]
    data = {name: form.get_initial_for_field(field, name) or "" for name, field in form.fields.items()}
    data["preset"] = form.preset.name if form.preset else ""
    by_column = {column.name: column.field.name for column in form.columns()}
    return {**data, **ORIGIN} | {by_column.get(name, name): value for name, value in changes.items()}


def run_confirmed() -> Import:
    batch = Import.objects.latest("pk")
    token = leasing.claim(Import, batch.pk)
    assert token is not None
    running.work(batch.pk, token)
    batch.refresh_from_db()
    return batch


def test_the_empty_list_says_what_a_file_needs(lena: Client) -> None:
    page = lena.get(IMPORTS)
    assert page.status_code == 200
    assert b"Nothing imported yet" in page.content and b"multipart/form-data" in page.content


def test_upload_look_confirm_and_watch_it_go_in(lena: Client, project: Project) -> None:
    answer = bring(lena, upload(OURS), pictures=[png()])
    assert (answer.status_code, answer["Location"]) == (302, address())
    page = lena.get(address()).content.decode()
    assert "our own field names" in page and "Red mug" in page
    assert not Pair.objects.exists()
    assert lena.post(address(), meaning(lena)).status_code == 302
    assert b"every 2s" in lena.get(address()).content
    batch = run_confirmed()
    assert (batch.state, batch.new, batch.rejected, batch.gold, batch.images) == ("done", 1, 1, 1, 1)
    assert (batch.source, batch.licence, batch.attribution) == tuple(ORIGIN.values())
    assert Snapshot.objects.get().images == [Image.objects.get().sha256]
    done = lena.get(address()).content.decode()
    assert "every 2s" not in done and "superb" in done and reverse("pairs", args=["shoes"]) in done


def test_the_fragment_alone_answers_htmx(lena: Client) -> None:
    bring(lena, upload(OURS))
    lena.post(address(), meaning(lena))
    fragment = lena.get(address(), headers={"HX-Request": "true"}).content.decode()
    assert fragment.strip().startswith('<div id="watch"') and "<html" not in fragment


def test_foreign_columns_are_asked_for_with_a_guess_and_examples(lena: Client) -> None:
    bring(lena, upload(b"search_term,product_id,bezeichnung\nmug,1,Red mug\n", "foreign.csv"))
    page = lena.get(address())
    assert b"No preset fits" in page.content and b"Red mug" in page.content
    refused = lena.post(address(), meaning(lena))
    assert refused.status_code == 422 and b"Say which column is the title" in refused.content
    assert lena.post(address(), meaning(lena, bezeichnung="title")).status_code == 302
    assert run_confirmed().new == 1


def test_a_preset_can_be_chosen_by_hand(lena: Client) -> None:
    bring(lena, upload(OURS))
    page = lena.get(address(), {"preset": "wands_graded"})
    assert page.context["form"].initial["source"] == "wayfair/WANDS"


def test_an_export_of_another_program_is_known_on_the_page_and_can_be_read_as_it_stands(lena: Client) -> None:
    answer = {"from_name": "rel", "type": "choices", "value": {"choices": ["L4"]}}
    task = {"id": 1, "data": OURS[0], "annotations": [{"completed_by": 3, "result": [answer]}]}
    bring(lena, upload([task], "tasks.json"))
    page = lena.get(address())
    assert "label_studio" in page.content.decode() and page.context["form"].preset.name == "label_studio"
    raw = lena.get(address(), {"preset": "lore"}).context["form"]
    assert "annotations" in raw.look.columns
    lena.post(address(), meaning(lena))
    token = leasing.claim(Import, Import.objects.get().pk)
    assert token is not None
    running.work(Import.objects.get().pk, token)
    done = Import.objects.get()
    assert (done.preset, done.new, done.ratings, done.gold) == ("label_studio", 1, 1, 0)


GRADES = b"query,item_id,title,label,stars\nmug,m1,Red mug,3,5\nmug,m2,Pot,3.0,\nmug,m3,Jug,1,5\nmug,m4,Cup,n.a.,4\n"


def selects(client: Client) -> dict[str, tuple[str, str]]:
    """Of each value of the labels on the page the name of its select, and what is chosen there."""
    rows = client.get(address()).context["form"].label_rows()
    return {row.written: (row.field.html_name, row.chosen) for row in rows}


def test_each_value_of_the_labels_is_asked_with_its_count_and_nothing_is_chosen_for_anybody(lena: Client) -> None:
    bring(lena, upload(GRADES, "grades.csv"))
    rows = lena.get(address()).context["form"].label_rows()
    assert [(row.written, row.rows, row.chosen) for row in rows] == [("3", 2, ""), ("1", 1, ""), ("n.a.", 1, "")]
    refused = lena.post(address(), meaning(lena))
    assert refused.status_code == 422 and not Import.objects.get().confirmed
    assert refused.content.count(b"This field is required") == 3


def test_what_a_person_says_of_each_value_is_followed_and_kept(lena: Client, cast: Any) -> None:
    bring(lena, upload(GRADES, "grades.csv"))
    asked = selects(lena)
    said = {asked["3"][0]: "L4", asked["1"][0]: "L2", asked["n.a."][0]: "-"}
    assert lena.post(address(), {**meaning(lena), **said}).status_code == 302
    batch = run_confirmed()
    assert (batch.new, batch.rejected, batch.gold) == (4, 0, 3)
    assert set(Pair.objects.values_list("item__external_id", "gold_label")) == {
        ("m1", "L4"), ("m2", "L4"), ("m3", "L2"), ("m4", ""),
    }  # fmt: skip
    assert (batch.mapping["labels"], batch.mapping["labels_by"]) == ({"3": "L4", "1": "L2", "n.a.": ""}, "person")
    logged = AuditEvent.objects.get(act="import.confirmed")
    assert logged.actor == cast.lena and logged.detail["labels"] == {"3": "L4", "1": "L2", "n.a.": ""}
    assert b"confirmed by a person" in lena.get(address()).content


def test_the_very_names_of_the_labels_are_chosen_already_and_a_person_may_choose_otherwise(lena: Client) -> None:
    bring(lena, upload(OURS))
    name, chosen = selects(lena)["L4"]
    assert chosen == "L4" and b"by the labels&#x27; own names" in lena.get(address()).content
    lena.post(address(), {**meaning(lena), name: "L3"})
    assert (run_confirmed().mapping["labels_by"], Pair.objects.get().gold_label) == ("person", "L3")


def test_a_name_beside_foreign_words_is_not_chosen(lena: Client) -> None:
    words = ("Perfect", "Excellent", "Good", "Fair", "Bad")
    bring(lena, upload([{**OURS[0], "item_id": word, "label": word} for word in words]))
    assert {chosen for _name, chosen in selects(lena).values()} == {""}


def test_another_column_of_labels_asks_for_its_own_values(lena: Client) -> None:
    bring(lena, upload(GRADES, "grades.csv"))
    refused = lena.post(address(), meaning(lena, stars="label", label=""))
    assert refused.status_code == 422
    assert [(row.written, row.rows) for row in refused.context["form"].label_rows()] == [("5", 2), ("4", 1)]


def test_another_scale_of_a_project_without_pairs_asks_for_its_labels(lena: Client, project: Project) -> None:
    bring(lena, upload(GRADES, "grades.csv"))
    asked = selects(lena)
    said = {asked["3"][0]: "L4", asked["1"][0]: "L2", asked["n.a."][0]: "-"}
    refused = lena.post(address(), {**meaning(lena), **said, "scale": "chorus-4"})
    assert refused.status_code == 422 and b"what the shopper wants" in refused.content
    said = {asked["3"][0]: "3", asked["1"][0]: "1", asked["n.a."][0]: "-"}
    assert lena.post(address(), {**meaning(lena), **said, "scale": "chorus-4"}).status_code == 302
    project.refresh_from_db()
    assert project.scale_name == "chorus-4"


def test_a_column_of_hundreds_of_values_is_refused_as_labels(lena: Client) -> None:
    bring(lena, upload([{**OURS[0], "item_id": f"m{n}", "label": f"{n}"} for n in range(300)]))
    assert b"these are no labels" in lena.get(address()).content
    refused = lena.post(address(), meaning(lena))
    assert refused.status_code == 422 and b"these are no labels" in refused.content


def test_a_file_too_large_to_be_counted_at_once_waits_again_with_all_its_values(
    lena: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiving, "COUNTING_SECONDS", 0.0)
    rows = [{**OURS[0], "item_id": f"m{n}", "images": []} for n in range(1500)]
    rows[-1]["label"] = "5"
    bring(lena, upload(rows))
    assert b"The file is large" in lena.get(address()).content
    lena.post(address(), meaning(lena))
    batch = run_confirmed()
    assert (batch.state, batch.confirmed, batch.read, Pair.objects.count()) == ("queued", False, 0, 0)
    asked = selects(lena)
    assert {written: chosen for written, (_name, chosen) in asked.items()} == {"L4": "L4", "5": ""}
    assert b"waits for you" in lena.get(IMPORTS).content
    assert lena.post(address(), {**meaning(lena), asked["5"][0]: "-"}).status_code == 302
    batch = run_confirmed()
    assert (batch.new, batch.gold, batch.state) == (1500, 1499, "done")


def test_source_and_licence_must_be_named(lena: Client) -> None:
    bring(lena, upload(OURS))
    assert lena.post(address(), meaning(lena, licence="")).status_code == 422
    assert not Import.objects.get().confirmed


def test_another_scale_than_that_of_the_projects_pairs_is_refused(lena: Client) -> None:
    bring(lena, upload(OURS))
    lena.post(address(), meaning(lena))
    run_confirmed()
    bring(lena, upload([{**OURS[0], "label": "Exact", "label_scale": "esci-4"}]))
    refused = lena.post(address(), meaning(lena))
    assert refused.status_code == 422 and b"judges in lore-4" in refused.content


def test_a_project_without_pairs_takes_the_scale_of_the_file(lena: Client, project: Project) -> None:
    bring(lena, upload([{**OURS[0], "label": "Exact", "label_scale": "esci-4"}]))
    lena.post(address(), meaning(lena))
    project.refresh_from_db()
    assert project.scale_name == "esci-4"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"PK\x03\x04", b"Archives are not read"),
        (b"[1]", b"something else than objects"),
        (gzip.compress(b"a" * 40_000_000), b"times its size"),
        (b"{broken\n", b"No row of the file"),
        (b"", b"empty"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_and_not_kept(lena: Client, data: bytes, why: bytes) -> None:
    refused = bring(lena, upload(data, "../../x.jsonl"))
    assert refused.status_code == 422 and why in refused.content
    assert not Import.objects.exists()


def test_the_page_tells_how_a_delimited_file_is_read(lena: Client) -> None:
    bring(lena, upload(b'query\titem_id\ttitle\nmug\t1\t"Hi" mug\n', "pairs.tsv"))
    assert b"divided by: tab. Quotes are part of the texts." in lena.get(address()).content
    bring(lena, upload(OURS))
    assert b"divided by" not in lena.get(address()).content


def test_files_that_are_not_known_to_belong_together_are_refused_by_name(lena: Client) -> None:
    files = [upload([{"query": "red mug"}], name) for name in ("mugs.jsonl", "shoes.jsonl")]
    page = lena.post(IMPORTS, {"file": files, "kind": "pairs"})
    assert page.status_code == 422
    assert b"belong together: mugs.jsonl, shoes.jsonl." in page.content
    assert not Import.objects.exists()


def test_a_file_over_the_limit_is_refused(lena: Client, settings: Any) -> None:
    settings.MAX_UPLOAD_BYTES = 10
    assert bring(lena, upload(OURS)).status_code == 422


def test_a_refused_picture_is_said_and_the_file_is_taken(lena: Client) -> None:
    svg = SimpleUploadedFile("x.png", b"<svg onload=alert(1)>", "image/png")
    answer = lena.post(IMPORTS, {"file": upload(OURS), "kind": "pairs", "pictures": [svg, png()]}, follow=True)
    assert b"x.png: not a JPEG" in answer.content
    assert Image.objects.count() == 1


def test_the_script_is_told_where_to_go_without_using_up_the_messages(lena: Client) -> None:
    answer = lena.post(IMPORTS, {"file": upload(OURS), "kind": "pairs"}, headers={"X-Upload": "1"})
    assert (answer.status_code, answer["X-Location"]) == (204, address())


def test_a_column_that_looks_like_who_judged_is_pointed_at_and_can_be_chosen(lena: Client, project: Project) -> None:
    rows = [
        {**OURS[0], "label": label, "who1": who, "n": n}
        for n, (label, who) in enumerate([("L4", "a"), ("L1", "b")] * 2)
    ]
    rows = [{**row, "item_id": f"m{n // 2}"} for n, row in enumerate(rows)]
    bring(lena, upload(rows))
    page = lena.get(address()).content.decode()
    assert "The column “who1” looks like who judged" in page and "A final label becomes gold" in page
    assert lena.post(address(), meaning(lena, who1="rater", label="rating", title="rating")).status_code == 422
    assert lena.post(address(), meaning(lena, who1="rater")).status_code == 302
    batch = run_confirmed()
    assert (batch.new, batch.gold, batch.ratings) == (2, 0, 4)


def test_columns_that_may_be_raters_are_offered_on_the_page(lena: Client, project: Project) -> None:
    rows = [{**OURS[0], "label": "", "item_id": f"m{n}", "Ann": "L4", "<b>Bo": ["L1", "L4"][n]} for n in range(2)]
    bring(lena, upload(rows))
    page = lena.get(address()).content.decode()
    assert "hold the same few values: Ann, &lt;b&gt;Bo." in page
    assert lena.post(address(), meaning(lena, **{"Ann": "rating", "<b>Bo": "rating"})).status_code == 302
    assert (run_confirmed().ratings, Import.objects.get().gold) == (4, 0)


def test_what_is_discarded_or_cancelled_goes_no_further(lena: Client) -> None:
    bring(lena, upload(OURS))
    assert lena.post(address("import-cancel")).status_code == 302
    assert Import.objects.get().state == "cancelled"
    assert b"Cancelled" in lena.get(address()).content
    assert lena.post(address(), {}).status_code == 200  # too late to confirm: the page shows what became of it
    assert not Import.objects.get().confirmed


def test_all_rejected_rows_come_as_csv_without_formulas(lena: Client, project: Project) -> None:
    bring(lena, upload(OURS))
    batch = Import.objects.get()
    for row, raw in enumerate(["=cmd|' /C calc'!A0", "+1", "@SUM(A1)", "plain"], start=1):
        Rejection.objects.create(batch=batch, row=row, field="title", reason="missing", raw=raw)
    answer = lena.get(address("import-rejected"))
    content = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    cells = list(csv.reader(io.StringIO(content)))
    assert cells[0] == ["row", "field", "reason", "raw"] and len(cells) == 5
    assert not any(cell[:1] in "=+-@" for row in cells for cell in row if cell)
    assert "attachment" in answer["Content-Disposition"]


def test_labels_that_contradict_are_listed_and_come_as_csv(lena: Client) -> None:
    rows = [{**OURS[0], "label": label, "item_id": "=1+1"} for label in ("L4", "L1")]
    bring(lena, upload(rows))
    lena.post(address(), meaning(lena))
    assert run_confirmed().conflicts == 1
    page = lena.get(address()).content.decode()
    assert "Labels that contradict" in page and address("import-conflicts") in page
    answer = lena.get(address("import-conflicts"))
    content = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    first, second = csv.reader(io.StringIO(content))
    assert dict(zip(first, second, strict=True)) == {
        "row": "2", "query": "red mug", "locale": "", "item": "'=1+1", "rater": "", "said": "L1", "said_mismatch": "",
        "met": "L4", "met_mismatch": "", "ground": "import", "stands": "L4",
    }  # fmt: skip


def test_hostile_names_and_values_are_shown_as_text(lena: Client) -> None:
    row = {"query": "<script>alert(1)</script>", "item_id": "1", "title": "x", "<img src=x onerror=alert(1)>": "y"}
    bring(lena, upload([row], "<b>.jsonl"))
    page = lena.get(address()).content.decode()
    assert "<script>alert" not in page and "<img src=x" not in page and "<b>" not in page


def test_only_a_lead_imports(cast: Any, client_for: Callable[[Any], Client], lena: Client) -> None:
    bring(lena, upload(OURS))
    for person in (cast.ana, cast.max, cast.otto, cast.eve, cast.root):
        client = client_for(person)
        assert client.get(IMPORTS).status_code == 404
        assert client.get(address()).status_code == 404
        assert client.post(address("import-cancel")).status_code == 404


def test_an_import_of_another_project_is_absent_here(lena: Client, project: Project) -> None:
    other = Project.objects.create(slug="mugs", name="Mugs")
    batch = Import.objects.create(project=other, kind="pairs", file_name="x")
    assert lena.get(reverse("import", args=["shoes", batch.pk])).status_code == 404
    assert lena.post(reverse("import-cancel", args=["shoes", batch.pk])).status_code == 404
    assert lena.get(reverse("import-rejected", args=["shoes", batch.pk])).status_code == 404


def test_who_brought_what_is_in_the_audit_log(lena: Client, cast: Any) -> None:
    bring(lena, upload(OURS))
    lena.post(address(), meaning(lena))
    acts = list(AuditEvent.objects.filter(actor=cast.lena).order_by("pk").values_list("act", flat=True))
    assert acts == ["import.uploaded", "import.confirmed"]
