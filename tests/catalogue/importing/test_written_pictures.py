"""Pictures that stand in the rows themselves: bytes of Parquet, `data:` addresses and base64 of JSON."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import PIL.Image
import pyarrow
import pyarrow.parquet
import pytest

from catalogue.importing.meaning.mapping import Mapper
from catalogue.importing.meaning.rest_of_columns import RestOfColumns
from catalogue.importing.reading import parquet_child
from catalogue.importing.reading.limits import UPLOAD
from catalogue.importing.reading.rows import Row
from catalogue.models import Image, Rejection, Snapshot
from relevance.labels import LORE
from tests.catalogue.importing.test_import_commands import run


def picture(format_: str = "PNG", colour: str = "red", side: int = 20) -> bytes:
    made = io.BytesIO()
    PIL.Image.new("RGB", (side, side), colour).save(made, format_)
    return made.getvalue()


def noise() -> bytes:
    """A picture of more than three mebibytes."""
    made = io.BytesIO()
    PIL.Image.effect_noise((2200, 2200), 100).save(made, "PNG")
    return made.getvalue()


def row(item: str, **values: Any) -> dict[str, Any]:
    return {"query": "camp stool", "item_id": item, "title": f"Stool {item}", **values}


def bring(path: Path, *options: str) -> dict[str, Any]:
    status, answer, _err = run("import_pairs", path, "--project", "camp", "--create", "--licence", "CC0-1.0", *options)
    assert status == 0, answer
    return answer


def parquet(folder: Path, rows: list[dict[str, Any]]) -> Path:
    path = folder / "pairs.parquet"
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)  # type: ignore[no-untyped-call]
    return path


def lines(folder: Path, rows: list[dict[str, Any]]) -> Path:
    path = folder / "pairs.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in rows))
    return path


def missing(answer: dict[str, Any]) -> list[tuple[str, list[int]]]:
    return [(one["reason"], one["first"]) for one in answer["report"]["pictures"]["why"]]


def images_of(item: str) -> list[str]:
    images: list[str] = Snapshot.objects.get(item__external_id=item).images
    return images


def test_the_image_column_of_a_hugging_face_set_becomes_the_pictures_of_its_items(db: None, tmp_path: Path) -> None:
    rows = [
        row("a", image={"bytes": picture("PNG", "red"), "path": "a.png"}),
        row("b", image={"bytes": picture("JPEG", "blue"), "path": None}),
        row("c", image={"bytes": picture("PNG", "red"), "path": "again.png"}),
        row("d", image=None),
    ]
    answer = bring(parquet(tmp_path, rows))
    assert answer["report"]["pictures"]["had"] == 3 and not missing(answer)
    assert Image.objects.count() == 2
    assert images_of("a") == images_of("c") != images_of("b") and images_of("d") == []


def test_a_column_of_bytes_and_a_list_of_pictures_are_read_as_well(db: None, tmp_path: Path) -> None:
    both = [{"bytes": picture("PNG", "red"), "path": ""}, {"bytes": picture("WEBP", "green"), "path": ""}]
    bring(parquet(tmp_path, [row("a", images=both)]))
    assert len(images_of("a")) == 2
    bring(parquet(tmp_path, [row("b", image=picture("JPEG", "blue"))]))
    assert len(images_of("b")) == 1


def test_base64_in_json_is_read_as_an_address_or_as_an_objects_bytes(db: None, tmp_path: Path) -> None:
    said = base64.b64encode(picture()).decode()
    rows = [
        row("a", image=f"data:image/png;base64,{said}"),
        row("b", image={"bytes": said, "path": None}),
        row("c", image=[{"url": f"data:image/png;base64,{said}"}]),
    ]
    answer = bring(lines(tmp_path, rows))
    assert answer["report"]["pictures"]["had"] == 3
    assert images_of("a") == images_of("b") == images_of("c") != []


def test_what_cannot_be_read_is_listed_for_its_row_and_keeps_no_item_out(db: None, tmp_path: Path) -> None:
    rows = [
        row("a", image={"bytes": "xx", "path": None}),
        row("b", image="data:image/svg+xml,%3Csvg%3E"),
        row("c", image="data:image/png;base64,iVBORw0KGgo=="),
        row("d", image="data:image/png;base64,iVBORw0KGgo="),
        row("e", image=f"data:image/gif;base64,{base64.b64encode(picture('GIF')).decode()}"),
        row("f", image="s3://bucket/e.jpg"),
        row("g", image="file:///etc/passwd"),
    ]
    answer = bring(lines(tmp_path, rows))
    assert (answer["new"], answer["report"]["pictures"]["missing"]) == (7, 7)
    assert sorted(number for _reason, rows_ in missing(answer) for number in rows_) == [1, 2, 3, 4, 5, 6, 7]
    reasons = {number: reason for reason, rows_ in missing(answer) for number in rows_}
    assert reasons[1] == reasons[2] == "in a form that is not read"
    assert (reasons[3], reasons[5]) == ("its base64 is damaged", "not a JPEG, PNG or WebP picture")
    assert set(Rejection.objects.values_list("field", flat=True)) == {"images"}


def test_a_picture_that_is_larger_than_a_row_may_be_is_said_and_the_row_goes_in(db: None, tmp_path: Path) -> None:
    large = noise()
    assert len(large) > 3 << 20
    answer = bring(parquet(tmp_path, [row("a", image={"bytes": large, "path": "a.png"})]))
    assert answer["new"] == 1
    assert missing(answer) == [("larger than a row may hold; bring it beside the file or by its address", [1])]


def test_a_name_beside_no_bytes_is_a_name(db: None, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(picture())
    path = parquet(tmp_path, [row("a", image={"bytes": None, "path": "a.png"})])
    bring(path, "--images", str(tmp_path))
    assert len(images_of("a")) == 1


def test_a_look_keeps_no_picture(db: None, tmp_path: Path) -> None:
    path = parquet(tmp_path, [row("a", image={"bytes": picture(), "path": ""})])
    assert bring(path, "--look")["report"]["pictures"]["had"] == 1
    assert not Image.objects.exists()


def test_pictures_never_make_a_row_longer_than_a_line_may_be() -> None:
    large = b"\xff\xd8\xff" + bytes(1 << 20)
    line = parquet_child._line({"images": [{"bytes": large, "path": "x"}] * 6}, UPLOAD.line_bytes)
    assert len(line) < UPLOAD.line_bytes
    said = [one["bytes"] for one in json.loads(line)["images"]]
    assert [one.startswith("data:;base64,") for one in said] == [True, True, False, False, False, False]
    assert said[-1] == f"data:;omitted={len(large)}"


@pytest.mark.parametrize("value", ["data:image/png;base64,iVBO", {"bytes": "data:;base64,iVBO", "path": "x"}])
def test_a_picture_is_no_attribute(value: Any) -> None:
    meaning = {"query": "query", "item_id": "item_id", "title": "title"}
    mapper = Mapper(meaning, "pairs", LORE, rest=RestOfColumns(meaning))
    assert mapper.record(Row(1, row("a", photo=value, colour="red"), 100)).content.cpv == (("colour", "red"),)
