"""Pictures by content hash: an address never changes its content, so a browser may keep it for good."""

from __future__ import annotations

from django.http import Http404, HttpResponse, HttpResponseNotModified

from catalogue.pictures import images
from projects.gates import Request
from projects.requests import there

_HEADERS = {
    "Cache-Control": "private, max-age=31536000, immutable",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def image(request: Request, sha256: str, size: str) -> HttpResponse:
    if not images.is_known(request.project, sha256, size):
        raise Http404
    headers = {**_HEADERS, "ETag": f'"{sha256}-{size}"'}
    if request.headers.get("If-None-Match") == headers["ETag"]:
        return HttpResponseNotModified(headers=headers)
    content = there(images.read_stored(sha256, size))
    return HttpResponse(content, content_type="image/webp", headers=headers)
