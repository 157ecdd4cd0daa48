"""Pictures by content hash: an address never changes its content, so a browser may keep it for good."""

from __future__ import annotations

from django.http import FileResponse, Http404, HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase

from annotation import images
from projects.gates import Request

_HEADERS = {
    "Cache-Control": "private, max-age=31536000, immutable",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def image(request: Request, sha256: str, size: str) -> HttpResponseBase:
    file = images.open_stored(request.project, sha256, size)
    if file is None:
        raise Http404
    headers = {**_HEADERS, "ETag": f'"{sha256}-{size}"'}
    if request.headers.get("If-None-Match") == headers["ETag"]:
        file.close()
        return HttpResponseNotModified(headers=headers)
    response: HttpResponse | FileResponse = FileResponse(file, content_type="image/webp", headers=headers)
    return response
