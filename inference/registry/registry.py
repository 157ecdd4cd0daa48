"""Which model a prediction comes from: one row per engine, revision and prompt version, registered once.

Which of them answers is said per project and role: people of the project promote one, in the words that the project asks in,
and put back what was before. New projects start with the installation's default. Whoever asks for a project's judge gets a
model that can run now: a cold start at the revision of the rules it is to judge by.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from database.clock import ClockTimestamp
from inference.engines.base import Engine
from inference.models import ActiveModel, FormerModel, ModelVersion
from inference.prompting import prompt_versions
from inference.registry import connecting, runnable
from projects.audit import record
from projects.models import Person, Project
from projects.refusals import Refused
from relevance.rules import RuleSpec
from rules.publishing import active_rule_base, specs

LOCK = 7303  # whoever changes what a project is judged by takes turns with who else does
State = ModelVersion.State
_COLD = Q(prompt=None, learnt=False)
_IDENTITY = ("name", "engine", "target", "role")
# Rows that differ in none but the prompts are one model.
_SAME = ("name", "engine", "target", "revision", "role", "pictures")


class UnknownModel(Refused):
    """Nobody has registered a model of this name."""

    def __init__(self, name: str) -> None:
        known = ", ".join(sorted({str(n) for n in living().values_list("name", flat=True)})) or "none yet"
        sentence = _("No model is called %(name)s. Known: %(known)s.")
        super().__init__("unknown_model", sentence, status=400, name=repr(name), known=known)


def living() -> Any:
    return ModelVersion.objects.exclude(state=State.RETIRED)


def listed(project: Project | None) -> Any:
    """The living ones as people tell them apart, and what answers here: a cold start stands there once, though each rule base
    gives it a row; rows in words that only other projects read are left out."""
    here = Exists(ActiveModel.objects.filter(project=project, model=OuterRef("pk")))
    first = ("-here", "-id")  # the one that is active here, else the newest
    cold = living().filter(_COLD).annotate(here=here).order_by(*_IDENTITY, *first).distinct(*_IDENTITY)
    shown = readable(ModelVersion.objects.filter(~Q(state=State.RETIRED) | here), project)
    return shown.filter(~_COLD | Q(pk__in=cold.values("pk")))


def readable(rows: QuerySet[ModelVersion], project: Project | None) -> QuerySet[ModelVersion]:
    """Those in words that a project reads; without one all."""
    if project is None:
        return rows
    return rows.filter(Q(prompt=None) | Q(prompt__in=prompt_versions.read_in([project]).values("pk")))


def judges() -> list[str]:
    """Names of the registered models that can judge pairs, each once."""
    able = living().exclude(role=ModelVersion.Role.CAPTIONER).exclude(prompt=None, learnt=False)
    return sorted(set(able.values_list("name", flat=True)))


def active(project: Project | None, role: str = ModelVersion.Role.JUDGE) -> ModelVersion | None:
    """The model that answers in a project, with the prompts that its people promoted it with; without a project the one
    that new ones start with. None while nobody has promoted one and nothing has been asked."""
    row = ActiveModel.objects.filter(project=project, role=role).select_related("model__prompt").first()
    return row.model if row is not None else None


def judge_by(project: Project, rules: Sequence[RuleSpec], engine: str | None = None) -> ModelVersion:
    """The model that judges a project's pairs now: the promoted one, else a cold start (`engine`, else the usual one) by
    these rules. The row follows the rules: what a cold start said by others no longer stands."""
    row = ActiveModel.objects.filter(project=project, role=ModelVersion.Role.JUDGE).select_related("model").first()
    if row is not None and not row.model.cold_start:
        return row.model
    model = cold_start(rules, engine or (row.model.engine if row is not None else None))
    if row is None or row.model_id != model.pk:
        _follow_rules(project, model)
    return model


def _follow_rules(project: Project, model: ModelVersion) -> None:
    """Unless somebody promoted one meanwhile."""
    with transaction.atomic():
        take_turn(project)
        row = row_in_turn(project, model.role)
        if row is None:
            ActiveModel.objects.create(project=project, role=model.role, model=model, behind_from=0)
            record(None, "model.active", project=project, on=model, model=str(model), why="cold_start")
        elif row.model.cold_start and row.model_id != model.pk:
            put_in_place(row, model, by=None, act="model.followed_rules")


def cold_start(rules: Sequence[RuleSpec], engine: str | None = None) -> ModelVersion:
    return register(connecting.connect(engine or connecting.COLD_START, rules))


def default(role: str = ModelVersion.Role.JUDGE) -> ModelVersion | None:
    """What a project that is founded now starts with, under the prompts that are active now; None: the cold start."""
    kept = active(None, role)
    return with_active_prompt(kept, None) if kept is not None else None


def is_active(version: ModelVersion, project: Project) -> bool:
    return ActiveModel.objects.filter(project=project, role=version.role, model=version).exists()


def older(project: Project) -> set[int]:
    """The versions whose predictions the active judge's replace: whatever answered in the project before, and the active
    model under other prompts, rules or lessons."""
    now = active(project)
    found = set(FormerModel.objects.filter(project=project).values_list("model", flat=True))
    if now is None:
        return found
    same = ModelVersion.objects.filter(**{name: getattr(now, name) for name in _IDENTITY})
    return (found | set(same.values_list("pk", flat=True))) - {now.pk}


def active_models(project: Project) -> set[int]:
    return set(ActiveModel.objects.filter(project=project).values_list("model", flat=True))


def defaults() -> dict[str, ModelVersion]:
    """What new projects start with, by role; a role that is not there has none, and a judge is then the cold start."""
    found = {role: active(None, role) for role in ModelVersion.Role.values}
    return {role: version for role, version in found.items() if version is not None}


def active_in(versions: Collection[ModelVersion]) -> dict[int, list[Project]]:
    """Of each model the projects in which it answers, by name, those that are archived left out; of none: not there."""
    rows = ActiveModel.objects.filter(model__in=versions, project__archived_at=None, project__isnull=False)
    found: dict[int, list[Project]] = {}
    for row in rows.select_related("project").order_by("project__name", "project"):
        if row.project is not None:
            found.setdefault(row.model_id, []).append(row.project)
    return found


def by_name(name: str, project: Project | None = None) -> ModelVersion:
    """The newest living version of that name, in the words that the project asks in. Raises UnknownModel."""
    found = living().filter(name=name).select_related("prompt").order_by("-id").first()
    if found is None:
        raise UnknownModel(name)
    return with_active_prompt(found, project)


def names(name: str, version: ModelVersion) -> bool:
    """Whether whoever asks for that name gets this model, under whatever prompts (by_name)."""
    newest = living().filter(name=name).order_by("-id").values_list("pk", flat=True).first()
    return rows_of(version).filter(pk=newest).exists()


def as_asked_in(project: Project, version: ModelVersion) -> ModelVersion:
    """The row of a model as it answers in a project: in the project's words, a cold start by the project's rules."""
    return with_active_prompt(with_rules(version, specs(active_rule_base(project))), project)


def with_active_prompt(version: ModelVersion, project: Project | None) -> ModelVersion:
    """The same model in the words of a project, or of new ones; an engine that needs no prompt stays as it is."""
    return version if version.prompt_id is None else with_prompt(version, prompt_versions.active(project))


def with_prompt(version: ModelVersion, prompt: Any) -> ModelVersion:
    """The row of a model under another prompt version, made when it is first asked for."""
    if version.prompt_id == prompt.pk:
        return version
    sibling, _new = ModelVersion.objects.get_or_create(
        **{field: getattr(version, field) for field in _SAME},
        prompt_version=prompt_versions.value(prompt.pk).version,
        defaults={
            "prompt": prompt,
            "options": version.options,
            "found": version.found,
            "learnt": version.learnt,
            "state": version.state,
            "registered_by": version.registered_by,
        },
    )
    return sibling


def rows_of(version: ModelVersion) -> QuerySet[ModelVersion]:
    """The model under each prompt version that it was asked with."""
    return ModelVersion.objects.filter(**{field: getattr(version, field) for field in _SAME})


def with_rules(version: ModelVersion, rules: Sequence[RuleSpec]) -> ModelVersion:
    """The row of a model under these rules: a cold start's revision follows them, every other model stays as it is.

    Without it a cold start that a page offers dies with the next rule base: no process has its old revision any more.
    """
    if version.learnt or version.engine not in connecting.ENGINES:
        return version
    return cold_start(rules, version.engine)


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
    """A chat model under the active prompts; the same again gives the same row, with what was found now, in use."""
    prompt = prompt_versions.active()
    told: dict[str, Any] = {"name": name, "engine": engine, "revision": revision}
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
        rows_of(version).update(state=State.REGISTERED)
        record(by, "model.registered", on=version, **told)
        answers = ActiveModel.objects.filter(model=version, project__isnull=False).select_related("project")
        for row in answers:  # what it is asked with may have changed under them
            record(by, "model.registered_again", project=row.project, on=version, **told)
    return version, new


def promote(version: ModelVersion, project: Project, by: Person | None) -> ModelVersion:
    """In this project it answers from now on when nobody names a model, as it is asked here: its row under the project's words
    and rules. Other projects keep theirs. Raises Refused."""
    with transaction.atomic():
        take_turn(project)
        model = as_asked_in(project, version)
        _in_use(model)
        refuse_unable(model)
        row = row_in_turn(project, model.role)
        if row is None:
            _put_first(project, model, by)
        elif row.model_id != model.pk:
            put_in_place(row, model, by=by, act="model.promoted")
    return model


def _put_first(project: Project, model: ModelVersion, by: Person | None) -> None:
    """Nobody answers there yet. Of judges the cold start would have, so that it can be put back."""
    rules = active_rule_base(project)
    judge = model.role == ModelVersion.Role.JUDGE and rules is not None and not model.cold_start
    before = cold_start(specs(rules)) if judge else None
    ActiveModel.objects.create(
        project=project, role=model.role, model=model, before=before, promoted_by=by, behind_from=0
    )
    record(by, "model.promoted", project=project, on=model, model=str(model), instead_of="")


def active_row(project: Project, role: str) -> ActiveModel | None:
    """Who answers in a project, since when, and who did before."""
    rows = ActiveModel.objects.filter(project=project, role=role).select_related("model", "before", "promoted_by")
    return rows.first()


def take_turn(project: Project | None) -> None:
    """Until the transaction ends. Without the lock two who promote at once would both find nobody there, or name the same
    one as the one before: the database would refuse one of them, and the log of the other would be wrong."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s, %s)", [LOCK, (project.pk if project is not None else 0) % 2**31]
        )


def row_in_turn(project: Project, role: str) -> ActiveModel | None:
    """Whoever calls has the turn; a row in someone's hands who settles pairs is waited for (annotation.gold)."""
    # Without `of`, who waits for the row would find none: it no longer joins the model that it named when it was asked for.
    locked = ActiveModel.objects.select_for_update(no_key=True).filter(project=project, role=role).first()
    if locked is None:
        return None
    return ActiveModel.objects.select_related("model", "before", "project").get(pk=locked.pk)


def make_default(version: ModelVersion, by: Person | None) -> None:
    """Projects that are founded from now on start with it; those that exist keep theirs. Raises Refused."""
    if version.cold_start:
        forget_default(version.role, by)
        return
    with transaction.atomic():
        take_turn(None)
        _in_use(version)
        refuse_unable(version)
        before = default(version.role)
        if before == version:
            return
        ActiveModel.objects.update_or_create(
            project=None,
            role=version.role,
            defaults={"model": version, "promoted_by": by, "promoted_at": ClockTimestamp()},
        )
        record(by, "model.default", on=version, model=str(version), instead_of=str(before) if before else "")


def forget_default(role: str, by: Person | None) -> bool:
    """Projects that are founded from now on start without one, judges with the cold start; False where they did already."""
    with transaction.atomic():
        take_turn(None)
        row = ActiveModel.objects.filter(project=None, role=role).select_related("model").first()
        if row is None:
            return False
        row.delete()
        record(by, "model.default", on=row.model, model="", role=role, instead_of=str(row.model))
    return True


def _in_use(version: ModelVersion) -> None:
    """Locks the row, so that nobody retires it meanwhile."""
    # Without the lock the model could be retired before the promotion that has just found it in use is over.
    state = ModelVersion.objects.select_for_update(no_key=True).values_list("state", flat=True).get(pk=version.pk)
    if state == State.RETIRED:
        sentence = _("%(model)s is retired: take it back into use first.")
        raise Refused("retired_model", sentence, status=409, model=str(version))


def refuse_unable(version: ModelVersion) -> None:
    """Refuses a model that could not answer: each run that asks it would be stopped."""
    if refusal := runnable.why_not(version):
        raise refusal


def start_with_default(project: Project, by: Person | None) -> None:
    """A project that has just been founded."""
    prompt_versions.start_with_default(project, by)
    for role in ModelVersion.Role.values:
        if (version := default(role)) is not None:
            promote(version, project, by)


def follow_prompts(project: Project, by: Person | None) -> None:
    """After its people chose other words: the project's models are asked in them, and its log says so. Whoever calls has the
    project's turn."""
    rows = ActiveModel.objects.filter(project=project, model__prompt__isnull=False).order_by("pk")
    for row in rows.select_related("model__prompt", "before", "project"):
        model = with_active_prompt(row.model, project)
        if model.pk != row.model_id:
            put_in_place(row, model, by=by, act="model.followed_prompts")


def put_in_place(row: ActiveModel, model: ModelVersion, *, by: Person | None, act: str) -> None:
    """In place of the one before. What that means for its pairs is made up from the first one on (ActiveModel.behind_from)."""
    if row.project is not None:
        FormerModel.objects.get_or_create(project=row.project, model=row.model)
    before = row.before if same(row.model, model) else row.model
    changes = {"model": model, "before": before, "promoted_by": by, "promoted_at": ClockTimestamp(), "behind_from": 0}
    ActiveModel.objects.filter(pk=row.pk).update(**changes)
    record(by, act, project=row.project, on=model, model=str(model), instead_of=str(row.model))


def same(one: ModelVersion, other: ModelVersion) -> bool:
    """One model, whatever its prompts; of a cold start whatever its rules."""
    fields = _IDENTITY if one.cold_start and other.cold_start else _SAME
    return all(getattr(one, name) == getattr(other, name) for name in fields)
