"""A chat model enters the registry: it is asked what it serves and what it can do, and never trusted on its word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings
from django.db import transaction

from inference.engines.base import EngineError
from inference.models import ModelVersion
from inference.registry import connecting, lineage, registry, training_files
from inference.registry.probing import Found, probe
from projects.models import Person


class CannotRegister(Exception):
    """The engine, its target or its answers are not what they must be; the message says which."""


class Registered(NamedTuple):
    version: ModelVersion
    new: bool
    found: Found


class ModelToRegister(NamedTuple):
    """What a person asks to have registered. An empty revision is taken from the engine itself."""

    name: str
    engine: str
    target: str = ""
    revision: str = ""
    role: str = ModelVersion.Role.JUDGE
    pictures: str = ModelVersion.Pictures.NONE
    options: Mapping[str, Any] = {}
    trained_on: Sequence[Path] = ()  # manifests of exports, or files of queries; none: nobody knows


def register(wanted: ModelToRegister, by: Person | None) -> Registered:
    """Probe and store. Raises CannotRegister."""
    if wanted.engine not in connecting.CHATS:
        raise CannotRegister(f"no engine is called {wanted.engine!r}; known: {', '.join(sorted(connecting.CHATS))}")
    target = wanted.target or (settings.OPENAI_BASE_URL if wanted.engine == connecting.OPENAI_SERVER else "")
    if not target:
        raise CannotRegister("a target is needed: the address of a server, or a folder of weights")
    options = dict(wanted.options)
    try:
        families = frozenset[str]().union(*map(training_files.families, wanted.trained_on))
        if wanted.engine == connecting.OPENAI_SERVER:
            options["model"] = _served(target, options)
        elif not Path(target).is_dir():
            raise CannotRegister(f"no such folder: {target}")
        chat = connecting.CHATS[wanted.engine](target, wanted.revision, options)
        found = probe(chat)
    except EngineError as error:
        raise CannotRegister(f"{error.code}: {error}") from error
    except training_files.Unreadable as error:
        raise CannotRegister(str(error)) from error
    if not found.answers:
        raise CannotRegister(f"the engine does not answer ({found.problem})")
    with transaction.atomic():
        version, new = registry.register_chat(
            wanted.name,
            engine=wanted.engine,
            target=target,
            revision=wanted.revision or chat.revision or str(options.get("answers_as") or options.get("model", "")),
            role=wanted.role,
            pictures=wanted.pictures,
            options=options,
            found=found.as_json(),
            by=by,
        )
        if families:
            lineage.keep(version, families, by, source=", ".join(path.name for path in wanted.trained_on))
    return Registered(version, new, found)


def _served(target: str, options: Mapping[str, Any]) -> str:
    """The served name: the one asked for, which must be there, else the only one."""
    served = connecting.openai_server(target, "", options).served_models()
    asked = str(options.get("model", ""))
    if asked and asked not in served:
        raise CannotRegister(f"{target} does not serve {asked!r}; it serves: {', '.join(served)[:300]}")
    if not asked and len(served) != 1:
        raise CannotRegister(f"{target} serves {', '.join(served)[:300] or 'nothing'}: say which with --served-name")
    return asked or served[0]
