from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import PIL.Image
import PIL.PngImagePlugin
import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse

from catalogue.models import Image
from catalogue.pictures import images
from projects.models import Membership, Project

RED = (200, 30, 40)


def picture(size: tuple[int, int] = (40, 30), kind: str = "PNG", mode: str = "RGB", **options: Any) -> bytes:
    made = io.BytesIO()
    PIL.Image.new(mode, size, RED if mode == "RGB" else 0).save(made, kind, **options)
    return made.getvalue()


def stored(project: Project, data: bytes, name: str = "mug.png") -> Image:
    image = images.store(project, name, data)
    assert isinstance(image, Image), image
    return image


def decoded(sha256: str, size: str = "large") -> PIL.Image.Image:
    with default_storage.open(images.storage_key(sha256, size)) as file:
        made = PIL.Image.open(io.BytesIO(file.read()))
    made.load()
    return made


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_three_formats_become_webp_under_the_hash_of_what_we_made(project: Project, kind: str) -> None:
    import hashlib

    image = stored(project, picture(kind=kind))
    with default_storage.open(images.storage_key(image.sha256, "large")) as file:
        content = file.read()
    assert hashlib.sha256(content).hexdigest() == image.sha256 and len(content) == image.bytes
    assert decoded(image.sha256).format == "WEBP"
    assert images.storage_key(image.sha256, "thumb") == f"thumbs/{image.sha256[:2]}/{image.sha256}.webp"


def test_large_and_thumb_keep_the_proportions_and_never_grow(project: Project) -> None:
    image = stored(project, picture((2560, 1280)))
    assert (image.width, image.height) == (1280, 640)
    assert decoded(image.sha256, "thumb").size == (320, 160)
    small = stored(project, picture((40, 30)))
    assert decoded(small.sha256, "thumb").size == (40, 30)


def test_the_same_picture_is_stored_once_per_project(project: Project) -> None:
    first = stored(project, picture())
    assert stored(project, picture(), "again.png") == first
    other = Project.objects.create(slug="mugs", name="Mugs")
    assert stored(other, picture()) != first
    assert Image.objects.count() == 2


def test_metadata_goes_and_orientation_stays(project: Project) -> None:
    exif = PIL.Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    exif[0x010E] = "taken at home"
    image = stored(project, picture((40, 20), "JPEG", exif=exif))
    made = decoded(image.sha256)
    assert made.size == (20, 40)
    assert not made.getexif() and "taken at home" not in repr(made.info)


def test_see_through_pictures_stand_on_white(project: Project) -> None:
    image = stored(project, picture(mode="RGBA"))
    for size in ("large", "thumb"):
        made = decoded(image.sha256, size)
        assert (made.mode, made.getpixel((20, 15))) == ("RGB", (255, 255, 255))


def gif() -> bytes:
    return picture(kind="GIF", mode="P")


def polyglot() -> bytes:
    return picture() + b"<script>alert(1)</script>"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "not a JPEG"),
        (b"GIF89a<html><script>alert(1)</script>", "not a JPEG"),
        (gif(), "not a JPEG"),
        (b"", "not a JPEG"),
        (picture()[:60], "damaged"),
        (picture((400, 400), "JPEG")[:300], "damaged"),
        (b"x" * (images.MAX_BYTES + 1), "10 MiB"),
    ],
)
def test_what_is_no_picture_is_refused_with_a_reason(project: Project, data: bytes, why: str) -> None:
    refusal = images.store(project, "mug.jpg", data)
    assert isinstance(refusal, str) and why in refusal
    assert not Image.objects.exists()


@pytest.mark.parametrize(
    ("size", "why"), [((8001, 10), "8,000 pixels"), ((5001, 5000), "25 million"), ((7999, 7999), "25 million")]
)
def test_a_pixel_flood_is_refused_by_its_header(project: Project, size: tuple[int, int], why: str) -> None:
    refusal = images.store(project, "flood.png", picture(size, mode="L"))
    assert isinstance(refusal, str) and why in refusal


def test_bytes_after_a_picture_do_not_survive(project: Project) -> None:
    image = stored(project, polyglot())
    for size in ("large", "thumb"):
        with default_storage.open(images.storage_key(image.sha256, size)) as file:
            assert b"script" not in file.read()


def test_hidden_text_in_a_png_does_not_survive(project: Project) -> None:
    info = PIL.PngImagePlugin.PngInfo()
    info.add_text("Comment", "secret of the studio")
    image = stored(project, picture(pnginfo=info))
    with default_storage.open(images.storage_key(image.sha256, "large")) as file:
        assert b"secret" not in file.read()


@pytest.mark.parametrize(
    "name", ["../secret.png", "/etc/passwd", "sub/../../secret.png", "a\0b", "link.png", "sub", ""]
)
def test_a_name_never_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "pictures"
    (folder / "sub").mkdir(parents=True)
    (tmp_path / "secret.png").write_bytes(picture())
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    assert images.read_from(folder, name) is None


def test_names_may_have_folders(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "mug.png").write_bytes(picture())
    assert images.read_from(tmp_path, "sub/mug.png") == picture()


SignIn = Callable[[Any], Client]


def test_a_picture_is_served_by_its_hash_with_a_fixed_type(project: Project, cast: Any, client_for: SignIn) -> None:
    image = stored(project, picture())
    answer = client_for(cast.ana).get(reverse("image", args=["shoes", image.sha256, "thumb"]))
    assert answer.status_code == 200
    assert answer.content[8:12] == b"WEBP"
    assert answer["Content-Type"] == "image/webp"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cache-Control"] == "private, max-age=31536000, immutable"
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer["Cross-Origin-Resource-Policy"] == "same-origin"


def test_a_browser_that_has_it_gets_no_bytes(project: Project, cast: Any, client_for: SignIn) -> None:
    image = stored(project, picture())
    url = reverse("image", args=["shoes", image.sha256, "large"])
    client = client_for(cast.ana)
    etag = client.get(url)["ETag"]
    assert client.get(url, headers={"if-none-match": etag}).status_code == 304


def test_pictures_of_another_project_and_absent_ones_look_the_same(
    project: Project, cast: Any, client_for: SignIn
) -> None:
    other = Project.objects.create(slug="mugs", name="Mugs")
    image = stored(other, picture())
    client = client_for(cast.ana)
    assert client.get(reverse("image", args=["shoes", image.sha256, "large"])).status_code == 404
    assert client.get(reverse("image", args=["mugs", image.sha256, "large"])).status_code == 404
    assert client.get(reverse("image", args=["shoes", "0" * 64, "large"])).status_code == 404
    Membership.objects.create(project=other, person=cast.ana, role="labeler")
    assert client.get(reverse("image", args=["mugs", image.sha256, "huge"])).status_code == 404


def test_real_photos_are_taken(project: Project, shared_data: Path) -> None:
    for path in sorted((shared_data / "photos").glob("*.jpg"))[::40]:
        assert isinstance(images.store(project, path.name, path.read_bytes()), Image), path.name
