"""What we make of a picture beside what Chromium shows of the file itself on a white page."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable

import PIL.Image
import pytest
from playwright.sync_api import Browser

from catalogue.pictures import decoding_child
from tests.catalogue.pictures.colour_cases import MIDDLES, cases

pytestmark = pytest.mark.browser
NEAR = 4  # of 255: what WebP and JPEG lose, and how two programs round
SHOWN = """async ([address, middles]) => {
  const image = new Image(); image.src = address; await image.decode();
  const canvas = document.createElement("canvas"); [canvas.width, canvas.height] = [image.width, image.height];
  const paper = canvas.getContext("2d", {colorSpace: "srgb"});
  paper.fillStyle = "#fff"; paper.fillRect(0, 0, canvas.width, canvas.height); paper.drawImage(image, 0, 0);
  return middles.map(([x, y]) => Array.from(paper.getImageData(x, y, 1, 1).data).slice(0, 3));
}"""


def test_every_kind_of_picture_looks_as_in_a_browser(browser: Browser, figures: Callable[..., None]) -> None:
    page = browser.new_page()
    worst, other = 0, {}
    for name, data in cases():
        address = "data:image/png;base64," + base64.b64encode(data).decode()
        theirs = page.evaluate(SHOWN, [address, MIDDLES])
        made = PIL.Image.open(io.BytesIO(decoding_child.encode(data).large)).convert("RGB")
        ours = [list(made.getpixel(middle)) for middle in MIDDLES]  # type: ignore[arg-type]
        far = max(abs(one - two) for pair in zip(ours, theirs, strict=True) for one, two in zip(*pair, strict=True))
        worst = max(worst, far)
        if far > NEAR:
            other[name] = (ours, theirs)
    page.close()
    figures("pictures beside Chromium", kinds=len(list(cases())), furthest=worst)
    assert other == {}
