"""Files of one source, brought together: pairs with the texts of their queries and what is said of their items."""

from __future__ import annotations

import io
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from catalogue.importing import running
from catalogue.importing.joining import joined, part_hints, side_table
from catalogue.importing.meaning.inspecting import look
from catalogue.importing.opening import ImportFile, ImportRows
from catalogue.importing.reading.limits import Limits
from catalogue.importing.reading.readers import Broken, FileRefused, Row
from catalogue.models import Import, Item, Pair, Rejection
from jobs import leasing
from projects.models import Project
from tests.catalogue.importing.test_import_commands import run
from tests.catalogue.importing.test_import_pages import lena, meaning, run_confirmed

__all__ = ["lena"]
WANDS = {
    "product.csv": "product_id\tproduct_name\tproduct_class\tcategory hierarchy\tproduct_description\tproduct_features\t"
    "rating_count\n0\toakrun bench\tBenches\tFurniture / Benches\ta bench\tcolor:oak|width:60\t15\n"
    "1\tvelm hook\tHooks\tDecor / Hooks\t\thooks : 4\t\n2\tlamp\tLamps\tDecor\t\t\t\n",
    "query.csv": "query_id\tquery\tquery_class\n0\tentry bench\tBenches\n1\tblack hook\tHooks\n",
    "label.csv": "id\tquery_id\tproduct_id\tlabel\n0\t0\t0\tExact\n1\t1\t1\tExact\n2\t0\t1\tIrrelevant\n",
}
HOME_DEPOT = {
    "train.csv": '"id","product_uid","product_title","search_term","relevance"\n2,100001,"Angle bracket","bracket",3\n'
    '3,100001,"Angle bracket","l bracket",2\n9,100002,"Deck paint","deck over",2\n',
    "product_descriptions.csv": '"product_uid","product_description"\n100001,"Holds, well"\n100002,"Paints"\n',
    "attributes.csv": '"product_uid","name","value"\n100001,"Material","Steel"\n100001,"Height","3 in"\n100009,"x","y"\n',
}
ESCI = [
    {"example_id": 0, "query": "stool", "query_id": 1, "product_id": "B1", "product_locale": "us", "esci_label": "E"},
    {
        "example_id": 1,
        "query": "taburete",
        "query_id": 2,
        "product_id": "B1",
        "product_locale": "es",
        "esci_label": "S",
    },
    {"example_id": 2, "query": "chair", "query_id": 3, "product_id": "B9", "product_locale": "us", "esci_label": "I"},
]
PRODUCTS = [
    {"product_id": "B1", "product_title": "Camp stool", "product_bullet_point": "Light", "product_locale": "us"},
    {"product_id": "B1", "product_title": "Taburete", "product_bullet_point": None, "product_locale": "es"},
    {"product_id": "B2", "product_title": "Lamp", "product_bullet_point": None, "product_locale": "us"},
]
TREC = {
    "qrels.txt": "q1 0 d1 3\nq1 0 d2 0\nq2 0 d2 2\n",
    "topics.tsv": "q1\tcamp stool\nq2\tdeck paint\n",
    "collection.tsv": "d1\tTrailmoss stool\nd2\tDeck paint, 1 l\nd3\tLamp of oak\n",
}


def parquet(rows: list[dict[str, Any]]) -> bytes:
    made = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), made)  # type: ignore[no-untyped-call]
    return made.getvalue()


def parts(files: dict[str, str] | dict[str, bytes]) -> list[ImportFile]:
    return [
        ImportFile(name, io.BytesIO(said if isinstance(said, bytes) else said.encode())) for name, said in files.items()
    ]


def rows(files: dict[str, str] | dict[str, bytes]) -> tuple[list[Row | Broken], list[str]]:
    source = ImportRows(parts(files))
    return list(source), source.notes


def written(folder: Path, files: dict[str, str] | dict[str, bytes]) -> list[Path]:
    for name, said in files.items():
        (folder / name).write_bytes(said if isinstance(said, bytes) else said.encode())
    return [folder / name for name in files]


def told(report: dict[str, Any]) -> list[str]:
    return [note["reason"] for note in report["joined"]]


def bring(paths: Sequence[Path], *options: str) -> tuple[int, dict[str, Any]]:
    return run("import_pairs", *paths, "--project", "joined", "--create", "--licence", "CC0-1.0", *options)[:2]


@pytest.mark.parametrize("order", list(itertools.permutations(WANDS)), ids=lambda order: " ".join(order))
def test_wands_goes_in_whole_in_any_order_of_its_files(db: None, tmp_path: Path, order: Sequence[str]) -> None:
    status, answer = bring(written(tmp_path, {name: WANDS[name] for name in order}))
    assert (status, answer["new"], answer["rejected"]) == (0, 3, 0)
    batch = Import.objects.get()
    assert (batch.preset, batch.scale_name, batch.source) == ("wands_release", "wands-3", "wayfair/WANDS")
    found = Pair.objects.values_list("external_id", "query__text", "item__current_snapshot__title", "gold_label")
    assert set(found) == {
        ("0", "entry bench", "oakrun bench", "Exact"),
        ("1", "black hook", "velm hook", "Exact"),
        ("2", "entry bench", "velm hook", "Irrelevant"),
    }
    assert told(answer["report"]) == ["1 of 3 items of product.csv are named by no pair; they are not imported."]
    assert [file["name"] for file in answer["report"]["files"]] == list(order)
    assert batch.bytes_read == batch.bytes_total == sum(len(said) for said in WANDS.values())


def test_esci_examples_take_the_product_of_their_own_locale(db: None, tmp_path: Path) -> None:
    files = {"examples.parquet": parquet(ESCI), "products.parquet": parquet(PRODUCTS)}
    status, answer = bring(written(tmp_path, files))
    assert (status, answer["new"], answer["rejected"]) == (0, 2, 1)
    titles = Item.objects.values_list("external_id", "locale", "current_snapshot__title")
    assert set(titles) == {("B1", "us", "Camp stool"), ("B1", "es", "Taburete")}
    refused = Rejection.objects.get()
    assert (refused.row, refused.reason) == (3, "product_id B9 us is not in products.parquet")
    assert told(answer["report"]) == ["1 of 3 items of products.parquet are named by no pair; they are not imported."]


def test_home_depot_takes_descriptions_and_attributes_in_long_form() -> None:
    found, notes = rows(HOME_DEPOT)
    first, _second, third = (row.values for row in found if isinstance(row, Row))
    assert first["attributes"] == [["Material", "Steel"], ["Height", "3 in"]]
    assert (first["product_description"], first["id"]) == ("Holds, well", "2")
    assert (third["product_description"], third.get("attributes")) == ("Paints", None)
    assert notes == ["1 of 2 items of attributes.csv are named by no pair; they are not imported."]
    seen = look(parts(HOME_DEPOT))
    assert {"product_description", "attributes"} <= set(seen.columns)


def test_trec_qrels_take_topics_and_collection_by_their_ids(db: None, tmp_path: Path) -> None:
    for order in itertools.permutations(TREC):
        found, notes = rows({name: TREC[name] for name in order})
        assert [(row.values["query"], row.values["title"]) for row in found if isinstance(row, Row)] == [
            ("camp stool", "Trailmoss stool"),
            ("camp stool", "Deck paint, 1 l"),
            ("deck paint", "Deck paint, 1 l"),
        ]
        assert notes == ["1 of 3 items of collection.tsv are named by no pair; they are not imported."]
    assert bring(written(tmp_path, TREC), "--scale", "chorus-4")[1]["new"] == 3


def test_labels_join_a_catalogue_and_queries_under_any_known_names() -> None:
    files = {
        "labels.csv": "qid,asin,grade\n7,t1,L4\n8,t1,L1\n",
        "items.jsonl": '{"product_id": "t1", "title": "Stool", "brand": "Tove"}\n',
        "queries.csv": "id,query\n7,camp stool\n8,lamp\n",
    }
    said = [row.values for row in rows(files)[0] if isinstance(row, Row)]
    assert [(one["query"], one["title"], one["brand"], one["grade"]) for one in said] == [
        ("camp stool", "Stool", "Tove", "L4"),
        ("lamp", "Stool", "Tove", "L1"),
    ]


def test_a_judgments_file_and_its_queries_go_in_over_the_catalogue_that_is_there(db: None, tmp_path: Path) -> None:
    items = written(tmp_path, {"items.csv": "item_id,title\nt1,Stool\n"})
    run("import_items", *items, "--project", "joined", "--create", "--licence", "CC0-1.0")
    files = {
        "labels.csv": "query_id,item_id,label\n7,t1,L4\n9,t1,L4\n",
        "queries.csv": "query_id,query\n7,camp stool\n",
    }
    assert bring(written(tmp_path, files))[1]["new"] == 1
    assert Pair.objects.get().query.text == "camp stool"
    assert Rejection.objects.get().reason == "query_id 9 is not in queries.csv"


def test_what_a_pair_says_itself_stands_before_the_file_beside() -> None:
    files = {
        "pairs.csv": "query,item_id,brand\nstool,t1,Own\nstool,t2,\n",
        "items.csv": "item_id,title,brand\nt1,Stool,Other\nt2,Chair,Other\n",
    }
    assert [row.values["brand"] for row in rows(files)[0] if isinstance(row, Row)] == ["Own", "Other"]


def test_ids_that_a_file_beside_tells_differently_are_said_and_the_later_row_stands() -> None:
    files = {
        "pairs.csv": "query,item_id\nstool,t1\n",
        "items.csv": "item_id,title\nt1,Stool\nt1,Stool\nt1,Chair\n",
    }
    found, notes = rows(files)
    assert [row.values["title"] for row in found if isinstance(row, Row)] == ["Chair"]
    assert notes == ["items.csv says different things of 1 ids in several rows; the later row stands: t1."]


def test_rows_of_a_file_beside_that_cannot_be_read_are_said() -> None:
    files = {"pairs.csv": "query,item_id\nstool,t1\n", "items.jsonl": '{"item_id": "t1", "title": "Stool"}\n{broken\n'}
    assert rows(files)[1] == ["1 rows of items.jsonl cannot be read."]


@pytest.mark.parametrize(
    "files",
    [
        {"a.csv": "query,item_id,title\nx,1,X\n", "b.csv": "query,item_id,title\nx,1,X\n"},
        {"a.csv": "item_id,title\n1,X\n", "b.csv": "product_id,title\n1,X\n"},
        {"a.csv": "query,item_id\nx,1\n", "b.csv": "shop,city\nx,1\n"},
        {"a.csv": "query,item_id\nx,1\n", "b.csv": "item_id,title\n1,X\n", "c.csv": "item_id,title\n1,X\n"},
    ],
)
def test_files_that_do_not_belong_together_are_refused_by_name(files: dict[str, str]) -> None:
    with pytest.raises(FileRefused, match=r"not known to belong together: a\.csv, b\.csv"):
        ImportRows(parts(files))


def test_the_caps_hold_for_each_file() -> None:
    many = {
        "pairs.csv": "query,item_id\nstool,t1\n",
        "items.csv": "item_id,title\n" + "".join(f"t{n},Stool\n" for n in range(9)),
    }
    with pytest.raises(FileRefused, match="more than 5 rows"):
        list(ImportRows(parts(many), Limits(rows=5)))


def test_a_look_reads_no_more_of_a_catalogue_than_its_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joined, "GLANCE_BYTES", 1000)
    catalogue = "item_id,title\n" + "".join(f"t{n},Stool {n}\n" for n in range(1000))
    files = parts({"pairs.csv": "query,item_id\nstool,t1\nstool,t999\n", "items.csv": catalogue})
    seen = look(files)
    assert [row["title"] for row in seen.rows] == ["Stool 1", None]
    assert "title" in seen.columns


def test_nothing_of_a_join_stays_on_the_disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(side_table.tempfile, "tempdir", str(tmp_path))
    for made in (iter(ImportRows(parts(WANDS))), iter(ImportRows(parts(WANDS)))):
        next(made)
        assert list(tmp_path.iterdir())
        made.close()  # type: ignore[attr-defined]
        assert not list(tmp_path.iterdir())


def test_an_import_of_several_files_goes_on_after_its_last_chunk(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    labels = "query,item_id,label\n" + "".join(f"stool,t{n},L4\n" for n in range(25))
    catalogue = "item_id,title\n" + "".join(f"t{n},Stool {n}\n" for n in range(30))
    monkeypatch.setattr(running.taking_in, "CHUNK_ROWS", 10)
    plan = running.Plan({"query": "query", "item_id": "item_id", "title": "title", "label": "label"})
    batch = Import.objects.create(
        project=project, kind="pairs", file_name="labels.csv", mapping=plan.to_json(), confirmed=True
    )
    token = leasing.claim(Import, batch.pk)
    assert token is not None
    taken = running.Intake.take

    def killed(self: Any, held: Any, chunk: Any) -> None:
        if self.counts.read >= 10:
            raise KeyboardInterrupt
        taken(self, held, chunk)

    monkeypatch.setattr(running.Intake, "take", killed)
    with pytest.raises(KeyboardInterrupt):
        running.run_import(batch, parts({"labels.csv": labels, "items.csv": catalogue}), token=token)
    batch.refresh_from_db()
    assert (batch.read, Pair.objects.count()) == (10, 10)
    monkeypatch.setattr(running.Intake, "take", taken)
    running.run_import(batch, parts({"labels.csv": labels, "items.csv": catalogue}), token=token)
    batch.refresh_from_db()
    assert (batch.read, batch.new, Pair.objects.count()) == (25, 25, 25)
    assert told(batch.report) == ["5 of 30 items of items.csv are named by no pair; they are not imported."]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("label.csv", "This looks like WANDS label.csv: bring product.csv and query.csv with it."),
        ("query.csv", "This looks like WANDS query.csv: bring label.csv and product.csv with it."),
        ("product.csv", "This looks like WANDS product.csv: bring label.csv and query.csv with it"),
    ],
)
def test_one_file_of_a_known_set_alone_is_called_so(db: None, tmp_path: Path, name: str, says: str) -> None:
    status, answer = bring(written(tmp_path, {name: WANDS[name]}))
    assert status == 1 and says in answer["error"]
    assert not Project.objects.exists()


def test_examples_of_esci_alone_are_called_so_where_no_catalogue_is(db: None, tmp_path: Path) -> None:
    status, answer = bring(written(tmp_path, {"examples.parquet": parquet(ESCI)}))
    assert status == 1
    assert "ESCI examples without products: bring the file of products with it" in answer["error"]
    assert "import the catalogue first" in answer["error"]


def test_parts_of_home_depot_are_known_and_whole_files_are_not_parts() -> None:
    assert "attributes.csv: bring train.csv" in part_hints.looks_like(["product_uid", "name", "value"])
    assert "product_descriptions.csv" in part_hints.looks_like(["product_uid", "product_description"])
    assert part_hints.looks_like(["id", "product_uid", "product_title", "search_term", "relevance"]) == ""
    assert part_hints.looks_like(["query", "item_id", "title", "label"]) == ""


def test_the_page_takes_several_files_chosen_together(lena: Client) -> None:
    chosen = [SimpleUploadedFile(name, said.encode()) for name, said in WANDS.items()]
    lena.post(reverse("imports", args=["shoes"]), {"file": chosen, "kind": "pairs"})
    address = reverse("import", args=["shoes", Import.objects.get().pk])
    page = lena.get(address).content.decode()
    assert "wands_release" in page and "Joined with it:" in page and "label.csv" in page
    assert lena.post(address, meaning(lena)).status_code == 302
    assert run_confirmed().new == 3
    assert "1 of 3 items of product.csv are named by no pair" in lena.get(address).content.decode()


def test_the_page_calls_one_file_of_a_known_set_so_at_once(lena: Client) -> None:
    chosen = SimpleUploadedFile("label.csv", WANDS["label.csv"].encode())
    lena.post(reverse("imports", args=["shoes"]), {"file": chosen, "kind": "pairs"})
    page = lena.get(reverse("import", args=["shoes", Import.objects.get().pk])).content.decode()
    assert "This looks like WANDS label.csv: bring product.csv and query.csv with it." in page
