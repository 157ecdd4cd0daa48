"""A chat model enters the registry: it is asked what it serves and what it can do, judges one pair, and is never trusted
on its word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from inference.engines.base import EngineError
from inference.engines.origins import origin
from inference.engines.server_words import shown
from inference.models import ModelVersion
from inference.prompting import prompt_versions
from inference.registry import connecting, lineage, registry, training_files
from inference.registry.first_judgment import FirstJudgment, judge_first
from inference.registry.probing import Found, probe
from projects.models import Person
from projects.refusals import Refused

LONGEST_REVISION = 120


class CannotRegister(Refused):
    """The engine, its target or its answers are not what they must be; the sentence says which."""


class Registered(NamedTuple):
    version: ModelVersion
    new: bool
    found: Found
    first: FirstJudgment | None


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
    accept_invalid: bool = False  # take it although what it said of the first pair is no judgment


def register(wanted: ModelToRegister, by: Person | None) -> Registered:
    """Probe, have one pair judged, and store. Raises CannotRegister."""
    target = _target(wanted)
    options = dict(wanted.options)
    try:
        families = frozenset[str]().union(*map(training_files.families, wanted.trained_on))
        if wanted.engine == connecting.OPENAI_SERVER:
            options["model"] = _served(target, options)
        asked = ModelVersion(
            engine=wanted.engine,
            target=target,
            revision=wanted.revision,
            options=options,
            prompt=prompt_versions.active(),
        )
        chat = connecting.chat(asked)
        found = probe(chat)
        first = _first(asked, found, wanted)
    except EngineError as error:
        raise CannotRegister(error.code, str(error)) from error
    except training_files.Unreadable as error:
        raise CannotRegister("trained_on", str(error)) from error
    revision = wanted.revision or chat.revision or str(options.get("answers_as") or options.get("model", ""))
    if len(revision) > LONGEST_REVISION:
        raise CannotRegister(
            "long_revision", f"a revision has at most {LONGEST_REVISION} characters: say one by --revision"
        )
    with transaction.atomic():
        version, new = registry.register_chat(
            wanted.name,
            engine=wanted.engine,
            target=target,
            revision=revision,
            role=wanted.role,
            pictures=wanted.pictures,
            options=options,
            found=found.as_json() | ({"first_judgment": first.as_json()} if first is not None else {}),
            by=by,
        )
        if families:
            lineage.keep(version, families, by, source=", ".join(path.name for path in wanted.trained_on))
    return Registered(version, new, found, first)


def _target(wanted: ModelToRegister) -> str:
    """The address or folder, as far as it can be told without asking."""
    if wanted.engine not in connecting.CHATS:
        known = ", ".join(sorted(connecting.CHATS))
        raise CannotRegister("unknown_engine", f"no engine is called {wanted.engine!r}; known: {known}")
    target = wanted.target or (settings.OPENAI_BASE_URL if wanted.engine == connecting.OPENAI_SERVER else "")
    if not target:
        raise CannotRegister("no_target", "a target is needed: the address of a server, or a folder of weights")
    if wanted.engine == connecting.OPENAI_SERVER and not origin(target):
        # The address is not repeated: what stands before an @ may be a password.
        address = _(
            "The target is no address of a server. One looks like http://host:8000/v1, without name and password."
        )
        raise CannotRegister("no_address", address)
    if wanted.engine != connecting.OPENAI_SERVER and not Path(target).is_dir():
        raise CannotRegister("no_folder", f"no such folder: {target}")
    return target


def _first(asked: ModelVersion, found: Found, wanted: ModelToRegister) -> FirstJudgment | None:
    """A captioner judges no pairs, so it has none. Raises CannotRegister for an answer that is no judgment."""
    if not found.answers:
        raise CannotRegister(found.code, "the engine does not answer (%(problem)s)", problem=found.problem)
    _refuse_blind(found, wanted)
    if wanted.role == ModelVersion.Role.CAPTIONER:
        return None
    asked.found = found.as_json()
    first = judge_first(asked)
    if first.code and not wanted.accept_invalid:
        unusable = _(
            "%(name)s was asked about one pair, and its answer is no judgment. %(why)s It said: %(answer)s"
            " With --accept-invalid it is registered all the same."
        )
        said = first.answer or "–"
        raise CannotRegister(first.code, unusable, name=wanted.name, why=first.sentence, answer=said)
    return first


def _refuse_blind(found: Found, wanted: ModelToRegister) -> None:
    """Whoever is to be shown pictures must take one: each pair with a picture would end as the probe's did."""
    if found.pictures:
        return
    if wanted.role == ModelVersion.Role.CAPTIONER:
        sentence = _("%(name)s was shown a picture and did not answer (%(problem)s). A captioner must see pictures.")
        raise CannotRegister("no_pictures", sentence, name=wanted.name, problem=found.blind.rstrip("."))
    if wanted.pictures == ModelVersion.Pictures.PICTURE:
        sentence = _(
            "%(name)s was shown a picture and did not answer (%(problem)s). Register it with --pictures none, or with"
            " --pictures caption where a captioner tells it what pictures show."
        )
        raise CannotRegister("no_pictures", sentence, name=wanted.name, problem=found.blind.rstrip("."))


def _served(target: str, options: Mapping[str, Any]) -> str:
    """The served name: the one asked for, which must be there, else the only one."""
    served = connecting.openai_server(target, "", options).served_models()
    asked = str(options.get("model", ""))
    if asked and asked not in served:
        raise CannotRegister("not_served", f"{target} does not serve {asked!r}; it serves: {_listed(served)}")
    if not asked and len(served) != 1:
        raise CannotRegister("which_model", f"{target} serves {_listed(served)}: say which with --served-name")
    return asked or served[0]


def _listed(served: Sequence[str]) -> str:
    return shown(", ".join(served), most=300) or "nothing"
