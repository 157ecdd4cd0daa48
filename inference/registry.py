"""Which model a prediction comes from: one row per engine, revision and prompt version; a person promotes one per role."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from inference import connecting, prompt_versions
from inference.engines.base import Engine
from inference.models import ModelVersion
from projects.audit import record
from projects.models import Person
from projects.refusals import Refused
from relevance.rules import RuleSpec

State = ModelVersion.State
_COLD = Q(prompt=None, learnt=False)
_IDENTITY = ("name", "engine", "target", "role")


class UnknownModel(Refused):
    """Nobody has registered a model of this name."""

    def __init__(self, name: str) -> None:
        known = ", ".join(sorted({str(n) for n in living().values_list("name", flat=True)})) or "none yet"
        sentence = _("No model is called %(name)s. Known: %(known)s.")
        super().__init__("unknown_model", sentence, status=400, name=repr(name), known=known)


def living() -> Any:
    return ModelVersion.objects.exclude(state=State.RETIRED)


def listed() -> Any:
    """The living ones as people tell them apart: a cold start stands there once, though each rule base gives it a row."""
    first = ("state", "-id")  # the active row, else the newest
    cold = living().filter(_COLD).order_by(*_IDENTITY, *first).distinct(*_IDENTITY)
    return living().filter(~_COLD | Q(pk__in=cold.values("pk")))


def judges() -> list[str]:
    """Names of the registered models that can judge pairs, each once."""
    able = living().exclude(role=ModelVersion.Role.CAPTIONER).exclude(prompt=None, learnt=False)
    return sorted(set(able.values_list("name", flat=True)))


def active(role: str) -> ModelVersion | None:
    found = ModelVersion.objects.filter(role=role, state=State.ACTIVE).select_related("prompt").first()
    return with_active_prompt(found) if found is not None else None


def active_judge() -> ModelVersion | None:
    """The model that a person promoted; None while nobody has, and the cold start judges."""
    return active(ModelVersion.Role.JUDGE)


def by_name(name: str) -> ModelVersion:
    """The newest living version of that name, with the prompts that are active now. Raises UnknownModel."""
    found = living().filter(name=name).select_related("prompt").order_by("-id").first()
    if found is None:
        raise UnknownModel(name)
    return with_active_prompt(found)


def with_active_prompt(version: ModelVersion) -> ModelVersion:
    """The same model with the active prompt version; an engine that needs no prompt stays as it is."""
    return version if version.prompt_id is None else with_prompt(version, prompt_versions.active())


def with_prompt(version: ModelVersion, prompt: Any) -> ModelVersion:
    """The row of a model under another prompt version, made when it is first asked for. It inherits the state."""
    if version.prompt_id == prompt.pk:
        return version
    fixed = ("name", "engine", "target", "revision", "role", "pictures")
    sibling, _new = ModelVersion.objects.get_or_create(
        **{field: getattr(version, field) for field in fixed},
        prompt_version=prompt_versions.value(prompt.pk).version,
        defaults={
            "prompt": prompt,
            "options": version.options,
            "found": version.found,
            "learnt": version.learnt,
            "registered_by": version.registered_by,
        },
    )
    return sibling


def with_rules(version: ModelVersion, rules: Sequence[RuleSpec]) -> ModelVersion:
    """The row of a model under these rules: a cold start's revision follows them, every other model stays as it is.

    Without it a cold start that a page offers dies with the next rule base: no process has its old revision any more.
    """
    if version.learnt or version.engine not in connecting.ENGINES:
        return version
    return register(connecting.connect(version.engine, rules))


def register(engine: Engine) -> ModelVersion:
    """The row of an engine at its revision, made when first seen. An engine in a cold start says so by `learnt`."""
    version, _new = ModelVersion.objects.get_or_create(
        name=engine.name,
        engine=engine.name,
        target="",
        revision=engine.revision,
        prompt_version=engine.prompt_version,
        role=ModelVersion.Role.JUDGE,
        pictures=ModelVersion.Pictures.NONE,
        defaults={"learnt": getattr(engine, "learnt", True)},
    )
    return version


def register_chat(
    name: str,
    *,
    engine: str,
    target: str,
    revision: str,
    role: str,
    pictures: str,
    options: Mapping[str, Any],
    found: Mapping[str, Any],
    by: Person | None,
) -> tuple[ModelVersion, bool]:
    """A chat model under the active prompts; the same again gives the same row, with what was found now."""
    prompt = prompt_versions.active()
    with transaction.atomic():
        version, new = ModelVersion.objects.update_or_create(
            name=name,
            engine=engine,
            target=target,
            revision=revision,
            prompt_version=prompt_versions.value(prompt.pk).version,
            role=role,
            pictures=pictures,
            defaults={"options": dict(options), "found": dict(found)},
            create_defaults={
                "options": dict(options),
                "found": dict(found),
                "prompt": prompt,
                "learnt": True,
                "registered_by": by,
            },
        )
        record(by, "model.registered", on=version, name=name, engine=engine, revision=revision)
    return version, new


def promote(version: ModelVersion, by: Person | None) -> None:
    """This one answers from now on when nobody names a model; the one before stays registered."""
    with transaction.atomic():
        before = (
            ModelVersion.objects.select_for_update(no_key=True).filter(role=version.role, state=State.ACTIVE).first()
        )
        ModelVersion.objects.filter(role=version.role, state=State.ACTIVE).update(state=State.REGISTERED)
        ModelVersion.objects.filter(pk=version.pk).update(state=State.ACTIVE)
        record(by, "model.promoted", on=version, model=str(version), instead_of=str(before) if before else "")
    version.state = State.ACTIVE


def retire(version: ModelVersion, by: Person | None) -> None:
    """No new run takes it; what it has said stays."""
    with transaction.atomic():
        ModelVersion.objects.filter(pk=version.pk).update(state=State.RETIRED)
        record(by, "model.retired", on=version, model=str(version))
    version.state = State.RETIRED
