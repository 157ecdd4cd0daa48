from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import PIL.Image
import pytest

from catalogue.importing.meaning.inspecting import Origin, columns_of
from catalogue.importing.meaning.presets import ITEMS, PRESETS
from catalogue.importing.running import Plan, counts_of, run_here
from catalogue.importing.storing import ImportCounts
from catalogue.models import Image, Import, Item, Pair, Rejection
from projects.models import Project

ORIGIN = Origin("saleor/saleor", "BSD-3-Clause", "Saleor Commerce")
SHIRT = {
    "product_id": "s1",
    "title": "Monospace Tee",
    "product_type": "T-shirt",
    "category": "Apparel > Shirts",
    "description": "",
    "attributes": {"Material": "Cotton"},
    "variants": [{"name": "M", "sku": "s1-m", "attributes": {"Size": "M"}}],
    "photos": ["front.png", "back.png"],
}


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name, colour in (("front.png", "red"), ("back.png", "blue")):
        made = io.BytesIO()
        PIL.Image.new("RGB", (20, 20), colour).save(made, "PNG")
        (folder / name).write_bytes(made.getvalue())
    return folder


def bring(
    project: Project, tmp_path: Path, *rows: dict[str, Any], images: Path | None = None, **plan: Any
) -> ImportCounts:
    path = tmp_path / "products.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    columns = dict(PRESETS["saleor"].columns)
    return counts_of(
        run_here(project, ITEMS, [path], plan=Plan(columns, **plan), origin=ORIGIN, preset="saleor", images=images)
    )


def facts() -> Any:
    item = Item.objects.select_related("current_snapshot").get()
    assert item.current_snapshot is not None
    return item.current_snapshot.facts("s1")


def test_items_come_with_skus_attributes_and_pictures_and_without_pairs(
    project: Project, tmp_path: Path, photos: Path
) -> None:
    assert bring(project, tmp_path, SHIRT, images=photos) == ImportCounts(read=1, new=1, images=2)
    shirt = facts()
    assert shirt.cpv == (("Material", "Cotton"),)
    assert [(sku.code, sku.name, sku.attributes) for sku in shirt.skus] == [("s1-m", "M", (("Size", "M"),))]
    assert list(shirt.images) == list(Image.objects.order_by("pk").values_list("sha256", flat=True))
    assert not Pair.objects.exists()


def test_a_second_import_adds_no_picture_also_without_the_folder(
    project: Project, tmp_path: Path, photos: Path
) -> None:
    bring(project, tmp_path, SHIRT, images=photos)
    assert bring(project, tmp_path, SHIRT, images=photos) == ImportCounts(read=1, known=1)
    assert bring(project, tmp_path, SHIRT) == ImportCounts(read=1, known=1)
    assert Image.objects.count() == 2


def test_pictures_that_were_uploaded_with_the_file_are_found_by_name(
    project: Project, tmp_path: Path, photos: Path
) -> None:
    bring(project, tmp_path, {**SHIRT, "product_id": "other"}, images=photos)
    hashes = dict(Image.objects.values_list("original_name", "sha256"))
    bring(project, tmp_path, {**SHIRT, "photos": ["front.png"]}, pictures={"front.png": hashes["back.png"]})
    item = Item.objects.select_related("current_snapshot").get(external_id="s1")
    assert item.current_snapshot is not None and item.current_snapshot.images == [hashes["back.png"]]


def test_a_picture_that_is_refused_is_noted_and_its_item_goes_in_without_it(
    project: Project, tmp_path: Path, photos: Path
) -> None:
    (photos / "back.png").write_bytes(b"<svg/>")
    counts = bring(project, tmp_path, {**SHIRT, "photos": ["front.png", "back.png", "../x.png"]}, images=photos)
    assert counts == ImportCounts(read=1, new=1, images=1)
    assert len(facts().images) == 1
    notes = list(Rejection.objects.order_by("pk").values_list("row", "field", "reason"))
    assert notes[0] == (1, "images", "back.png: not a JPEG, PNG or WebP picture")
    assert notes[1] == (1, "images", "../x.png: not in the folder")


def test_names_of_pictures_that_nobody_brought_are_no_fault(project: Project, tmp_path: Path) -> None:
    assert bring(project, tmp_path, SHIRT) == ImportCounts(read=1, new=1)
    assert not Rejection.objects.exists()


def test_another_picture_is_other_content(project: Project, tmp_path: Path, photos: Path) -> None:
    bring(project, tmp_path, SHIRT)
    assert bring(project, tmp_path, SHIRT, images=photos) == ImportCounts(read=1, changed=1, images=2)


@pytest.mark.parametrize(
    ("file", "preset", "images", "counts"),
    [
        ("icecat_electronics.jsonl.gz", "icecat", False, ImportCounts(read=19_406, new=19_406)),
        ("saleor_products.jsonl", "saleor", True, ImportCounts(read=32, new=32, images=47)),
    ],
)
def test_the_real_catalogues_go_in_whole_and_a_second_time_not_at_all(
    project: Project, shared_data: Path, file: str, preset: str, images: bool, counts: ImportCounts
) -> None:
    columns = dict(PRESETS[preset].columns)
    folder = shared_data / "photos" if images else None

    def run() -> ImportCounts:
        path = shared_data / "catalog" / file
        return counts_of(
            run_here(project, ITEMS, [path], plan=Plan(columns), origin=ORIGIN, preset=preset, images=folder)
        )

    assert run() == counts
    assert run() == ImportCounts(read=counts.read, known=counts.read)
    assert Import.objects.filter(state="done").count() == 2


def test_columns_of_a_preset_leave_out_what_items_do_not_have() -> None:
    from catalogue.importing.meaning.inspecting import Look

    assert "query" not in columns_of(PRESETS["lore"], Look(("item_id",), ()), ITEMS).values()
