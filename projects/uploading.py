"""Files on their way in: only where a page takes them, counted while they arrive, never more on disk than their cap.

A file is stored up to its cap and one byte: then its page refuses it by name. Whoever sends far more is cut off.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from django.conf import settings
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext as _

MEBIBYTE = 1 << 20
FORM_BYTES = 4 * MEBIBYTE  # the fields beside the files
OVERFLOW = MEBIBYTE  # read beyond a cap and dropped, so that a page can say it kindly
PICTURES = 100
SMALL_BYTES = 64 << 10  # of a body; more of it comes only from those whom the gate has let in
# By the gate, of the request that this thread answers: who may send a large body. The web process shares its places by it.
sender: ContextVar[str] = ContextVar("sender", default="")


class BodyRefused(MultiPartParserError):
    """What was sent is refused before a view sees it; `status` says how, the message why, for people."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


def caps_of(url_name: str | None) -> Mapping[str, int]:
    """Bytes for one file, by the form field that takes files at this URL."""
    return {
        "imports": {"file": settings.MAX_UPLOAD_BYTES, "pictures": 10 * MEBIBYTE},
        "api-v1-imports": {"file": settings.MAX_UPLOAD_BYTES},
        "api-imports": {"file": settings.MAX_UPLOAD_BYTES},
        "knowledge-import": {"file": 5 * MEBIBYTE},
        "rule-draft-pack": {"pack": MEBIBYTE},
    }.get(url_name or "", {})


def most_bytes(url_name: str | None) -> int:
    """Of a whole body."""
    caps = caps_of(url_name)
    return FORM_BYTES + sum(cap * (PICTURES if field == "pictures" else 1) + OVERFLOW for field, cap in caps.items())


def too_large(most: int) -> BodyRefused:
    reason = _("That is more than may be sent here: %(most)s MB at most. Nothing of it was kept.")
    return BodyRefused(413, reason % {"most": most // MEBIBYTE})


def is_small(META: Mapping[str, Any]) -> bool:
    length = str(META.get("CONTENT_LENGTH") or "0")
    return length.isdecimal() and int(length) <= SMALL_BYTES


def too_large_for_strangers() -> BodyRefused:
    return BodyRefused(413, _("That is more than may be sent here: %(most)s KB at most.") % {"most": SMALL_BYTES >> 10})


class CappedUploadHandler(TemporaryFileUploadHandler):
    def handle_raw_input(
        self, input_data: Any, META: Any, content_length: int, boundary: Any, encoding: str | None = None
    ) -> None:
        self._url_name = self.request.resolver_match.url_name if self.request and self.request.resolver_match else None
        self._caps = caps_of(self._url_name)
        if content_length > most_bytes(self._url_name):
            raise too_large(most_bytes(self._url_name))

    def new_file(self, field_name: str, *args: Any, **options: Any) -> None:
        if field_name not in self._caps:
            raise BodyRefused(400, _("No file is taken here."))
        self._cap, self._received, self._cut = self._caps[field_name], 0, field_name != "pictures"
        super().new_file(field_name, *args, **options)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        room = self._cap + 1 - self._received
        self._received += len(raw_data)
        if self._cut and self._received > self._cap + OVERFLOW:
            self.upload_interrupted()
            raise too_large(self._cap)
        if room > 0:
            super().receive_data_chunk(raw_data[:room], start)

    def file_complete(self, file_size: int) -> Any:
        """The size is of what is on disk: at most the cap and one byte."""
        return super().file_complete(min(file_size, self._cap + 1))
