"""A reader of pictures that answers what it was told to, by the colour of the picture: for tests, a reader like any other."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping

import PIL.Image
import pytest
from django.conf import settings

from catalogue.models import Image
from catalogue.pictures import images, readers
from catalogue.pictures.printed_words import NotRead, PrintedLine, ReadPicture
from catalogue.pictures.readers import Known
from projects.models import Project

NAME = "scripted"
Told = ReadPicture | NotRead | Callable[[], ReadPicture]


def line(text: str, confidence: float = 0.99, down: float = 0.5) -> PrintedLine:
    return PrintedLine(text, confidence, 0.3, down, 0.7, down + 0.1, 0.1)


def reads(*texts: str) -> ReadPicture:
    return ReadPicture(tuple(line(text, down=0.2 + n / 10) for n, text in enumerate(texts)))


class ScriptedReader:
    """Of a picture in a colour that nobody named it reads nothing."""

    def __init__(self, told: Mapping[str, Told], version: str) -> None:
        self.name = f"{NAME} {version}"
        self.asked: list[str] = []
        self.closed = 0
        self._told = told

    def read(self, picture: bytes) -> ReadPicture:
        red, green, blue = PIL.Image.open(io.BytesIO(picture)).convert("RGB").resize((1, 1)).getpixel((0, 0))  # type: ignore[misc]
        colour = {red: "red", green: "green", blue: "blue"}[max(red, green, blue)]
        self.asked.append(colour)
        told = self._told.get(colour, ReadPicture(()))
        if isinstance(told, NotRead):
            raise told
        return told if isinstance(told, ReadPicture) else told()

    def close(self) -> None:
        self.closed += 1


def scripted(monkeypatch: pytest.MonkeyPatch, version: str = "1", **told: Told) -> ScriptedReader:
    """From here on the test's reader."""
    reader = ScriptedReader(told, version)
    monkeypatch.setitem(readers._known, NAME, Known(lambda: version, lambda: reader))
    monkeypatch.setattr(settings, "PICTURE_READER", NAME)
    return reader


def painted(project: Project, colour: str = "red", name: str = "mug.png") -> Image:
    """A picture of the project in one colour, as uploads bring it."""
    made = io.BytesIO()
    PIL.Image.new("RGB", (40, 30), colour).save(made, "PNG")
    return images.add(project, name, made.getvalue())[0]
