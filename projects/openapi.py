"""What an operation adds to the API's description, for `openapi_extra`: when it refuses, and where what it made is found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from projects.problems import MEDIA_TYPE

LOCATION = {"Location": {"description": "Where what was made is found.", "schema": {"type": "string"}}}


def refusals(when: Mapping[int, str]) -> dict[int, Any]:
    """Besides those that every address may answer with (lore_app.api)."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": said, "content": content} for status, said in sorted(when.items())}


def made(description: str, operation: str, **parameters: str) -> dict[int, Any]:
    """201, and how the answer leads to the operation that tells more of it: parameter by field of the answer."""
    return {201: {"description": description, "headers": LOCATION, "links": leads_to(operation, **parameters)}}


def leads_to(operation: str, **parameters: str) -> dict[str, Any]:
    places = {
        "slug": "$request.path.slug",
        **{name: f"$response.body#/{place}" for name, place in parameters.items()},
    }
    return {operation: {"operationId": operation, "parameters": places}}
