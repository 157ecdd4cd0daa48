"""Ways to break permissions: each takes one gate away, and the matrix or the strangers' test must notice.

A mutant of the tables replaces an entry of POLICY or ROLES; one of the code rewrites the syntax tree of one function: a
keyword of a filter is dropped (`project=`, `person=`), a project's own rows become everybody's, a condition of the gate
goes. Only that function is replaced, in its module and where a URL points at it.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any
from unittest import mock

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.urls import URLPattern, get_resolver

from lore_app.api import operations
from projects import bearer, gates, refused_requests, tokens
from projects.hooks import Hook
from projects.models import Role
from projects.policy import POLICY, ROLES, Permission
from tests.permissions import oracle
from tests.world.cast import ACTORS

# Who reads a prompt is asked of each prompt as well (inference.prompting.prompt_versions.read_by): the entry is a second wall.
HELD_TWICE = {("prompt", "GET")}
PUBLIC = {Permission.ANYONE, Permission.SIGNED_IN}
ROLE_OF = {role: actor for actor, (_name, role) in ACTORS.items() if role is not None and actor != "deactivated"}


@dataclass(frozen=True)
class Mutant:
    """`urls` are the ones it may show at, `actors` those who would notice (none: everybody)."""

    name: str
    urls: tuple[str, ...]
    apply: Callable[[], AbstractContextManager[Any]]
    actors: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()


def everything() -> list[Mutant]:
    return [*of_policy(), *of_roles(), *of_gates(), *of_programs(), *of_log(), *of_code()]


# the tables


def of_policy() -> Iterator[Mutant]:
    """Each entry open to anyone and to everybody signed in; inside a project, to every role."""
    for url, methods in POLICY.items():
        inside = any("{slug}" in row.path for row in oracle.by_url()[url].values())
        for method, permission in methods.items():
            wider = [Permission.SEE_PROJECT] if inside and (url, method) not in HELD_TWICE else []
            for looser in (Permission.ANYONE, Permission.SIGNED_IN, *wider):
                if permission is looser or (permission in PUBLIC and looser is Permission.SIGNED_IN):
                    continue
                if inside and ROLES.get(permission) == ROLES.get(looser):
                    continue
                changed = {**POLICY, url: {**methods, method: looser}}
                yield Mutant(f"{url} {method} for {looser}", (url,), _policy(changed), methods=(method,))
        if url.startswith("api-"):  # which django-ninja refuses, too
            continue
        changed = {**POLICY, url: {**dict.fromkeys(("PUT", "DELETE"), Permission.ANYONE), **methods}}
        yield Mutant(
            f"{url} answers PUT and DELETE", (url,), _policy(changed), ("lead", "anonymous"), ("PUT", "DELETE")
        )


def of_roles() -> Iterator[Mutant]:
    """Each permission held by one role more."""
    for permission, roles in ROLES.items():
        urls = tuple(url for url, methods in POLICY.items() if permission in methods.values())
        methods = tuple({m for url in urls for m, p in POLICY[url].items() if p is permission})
        for role in Role:
            if role not in roles:
                changed = {**ROLES, permission: roles | {role}}
                yield Mutant(f"{permission} also for {role}", urls, _roles(changed), (ROLE_OF[role],), methods)


def _policy(changed: Mapping[str, Any]) -> Callable[[], AbstractContextManager[Any]]:
    return lambda: mock.patch.dict(POLICY, changed)  # type: ignore[arg-type]


def _roles(changed: Mapping[Permission, Any]) -> Callable[[], AbstractContextManager[Any]]:
    return lambda: mock.patch.dict(ROLES, changed)  # type: ignore[arg-type]


# the code


def of_gates() -> Iterator[Mutant]:
    # Those at which most is noticed first: a mutant is done with at the first difference.
    some = ("rule-check", "people", "members", "home", "project", "image", "judge-submit")
    told = {
        "any role will do": ("_enter_project", "not may(roles, permission)", "not roles"),
        "no role is needed": ("_enter_project", "not may(roles, permission)", "False"),
        "methods are not checked": ("process_view", "method not in methods", "False"),
        "signing in is not needed": ("process_view", "not request.user.is_authenticated", "False"),
        "a project is not looked at": ("_enter", "slug is not None", "False"),
        "who is outside projects passes": ("_enter", "not _passes(person, permission)", "False"),
    }
    for name, (function, before, after) in told.items():
        yield Mutant(name, some, _source(gates.PolicyMiddleware, function, before, after))
    plain = {
        "archived projects open": ("_memberships", ", project__archived_at=None", ""),
        "roles of any project count": ("_memberships", "project__slug=slug, ", ""),
        "roles of anybody count": ("_memberships", "person=person, ", ""),
        "a rule owner of any project keeps the rules of all": (
            "keeps_rules",
            "person.is_rule_owner",
            "Membership.objects.filter(person=person, role=Role.RULE_OWNER).exists()",
        ),
        "everybody is a system admin": ("_passes", "bool(person.is_system_admin)", "True"),
        "everybody keeps rules": ("_passes", "or keeps_rules(person)", "or True"),
        "htmx is sent to the login page": ("signed_out", "by_htmx(request)", "False"),
    }
    for name, (function, before, after) in plain.items():
        yield Mutant(name, some, _source(gates, function, before, after))
    anybody = "user_can_authenticate"
    yield Mutant("deactivated people stay in", some, lambda: mock.patch.object(ModelBackend, anybody, lambda *_: True))


def of_programs() -> Iterator[Mutant]:
    some = ("api-v1-import", "api-import", "api-v1-runs", "api-export-file")
    told = {
        "any scope will do": (bearer, "enter", " or scope not in token.scopes", ""),
        "a token opens any project": (
            bearer,
            "enter",
            'kwargs.pop("slug") != token.project.slug',
            'not kwargs.pop("slug")',
        ),
        "no token is needed to be told apart": (bearer, "enter", "401", "404"),
        "a session counts for programs": (bearer, "answer", "request.user = request._cached_user =", "request.user ="),
        "revoked tokens count": (tokens, "_counts", "revoked_at=None, ", ""),
        "expired tokens count": (tokens, "_counts", ", expires_at__gt=ClockTimestamp()", ""),
    }
    for name, (place, function, before, after) in told.items():
        yield Mutant(name, some, _source(place, function, before, after))


def of_log() -> Iterator[Mutant]:
    some = ("members", "judge-submit", "welcome", "person", "member-remove", "rule")
    yield Mutant("refusals are not logged", some, lambda: mock.patch.object(refused_requests, "note", lambda *_: None))
    for status in (404, 405):
        left = refused_requests.REFUSED - {status}
        yield Mutant(
            f"{status} is not logged", some, lambda left=left: mock.patch.object(refused_requests, "REFUSED", left)
        )
    told = {
        "tokens are logged": ("name in NAMES_AN_OBJECT", 'name in {*NAMES_AN_OBJECT, "token"}'),
        "objects are not logged": ('name.endswith("_id") or ', ""),
    }
    for name, (before, after) in told.items():
        yield Mutant(name, some, _source(refused_requests, "_named", before, after))
    yield Mutant(
        "the log names no project",
        some,
        _source(refused_requests, "note", "if slug is not None else None", "if False else None"),
    )
    yield Mutant("the log names no method", some, _source(refused_requests, "note", '"method": method', '"method": ""'))


def _source(place: Any, function: str, before: str, after: str) -> Callable[[], AbstractContextManager[Any]]:
    """The function with a piece of its text replaced."""

    @contextmanager
    def apply() -> Iterator[None]:
        original = getattr(place, function)
        text = textwrap.dedent(inspect.getsource(original))
        assert text.count(before) == 1, f"{function}: {before!r} stands there {text.count(before)} times"
        scope: dict[str, Any] = {}
        module = sys.modules[original.__module__]
        text = "from __future__ import annotations\n" + text.replace(before, after)
        exec(compile(text, module.__file__ or "", "exec"), module.__dict__, scope)
        with mock.patch.object(place, function, scope[function]):
            yield

    return apply


KEYWORDS = {
    "project",
    "slot__project",
    "pair__project",
    "disagreement__project",
    "person",
    "judge__person",
    "judge__project",
    "adjudicator",
    "reported_by",
}
# What pages and forms reach, and at which URLs a gap would show; a views module is tried at its own URLs.
ACTIVITIES: Mapping[str, tuple[str, ...]] = {
    "annotation.evidence_checks.marking": ("evidence-next", "evidence-pair", "evidence-undo"),
    "annotation.gold.adjudicating": ("disputes", "dispute", "home"),
    "annotation.bad_cases.following": ("bad-cases", "bad-case"),
    "annotation.judging.card": ("judge", "judge-submit"),
    "annotation.pairs.choosing": ("more-judgments",),
    "inference.registry.confidence": ("model",),
    "annotation.trust.agreement": ("agreement",),
    "annotation.pairs.finding": ("pairs",),
    "catalogue.pictures.images": ("image",),
    "annotation.judging.recording": ("judge", "judge-submit", "judge-undo", "judge-flag"),
    "annotation.pairs.more_judgments": ("more-judgments", "more-take-back"),
    "annotation.overview": ("project", "home"),
    "annotation.judging.queue": (
        "judge",
        "judge-submit",
        "judge-ahead",
        "judge-renew",
        "judge-later",
        "judge-undo",
        "judge-leave",
        "home",
    ),
    "annotation.standard.desk": ("standard",),
    "annotation.standard.staleness": ("stale", "standard"),
    "annotation.standard.weak_spots": ("weak-spots", "weak-spot", "standard"),
    "inference.knowledge.retrieval": ("knowledge",),
    "projects.archiving": ("projects", "project-state"),
    "projects.forms": ("audit",),
    "projects.membership": ("members", "home"),
    "projects.role_offers": ("members", "role-offer", "role-offer-withdraw", "home"),
}
INSIDE = ("labeler", "adjudicator", "lead", "system_admin")  # who is let in, and meets the filters behind the gate


def of_code() -> Iterator[Mutant]:
    """Each filter without each of its keywords that keeps strangers apart."""
    places: dict[str, tuple[str, ...]] = dict(ACTIVITIES)
    for pattern in _patterns():
        module = pattern.callback.__module__
        if module.split(".")[0] in settings.OUR_APPS and (".views" in module or module.endswith("views")):
            places[module] = tuple(dict.fromkeys((*places.get(module, ()), str(pattern.name))))
    for operation in operations():
        module, url = operation.view_func.__module__, str(operation.url_name)
        places[module] = (*places.get(module, ()), url, url.replace("api-v1-", "api-"))
    for module, urls in sorted(places.items()):
        yield from _of_module(importlib.import_module(module), urls)


def _patterns() -> Iterator[URLPattern]:
    stack: list[Any] = [get_resolver()]
    while stack:
        entry = stack.pop()
        if isinstance(entry, URLPattern):
            yield entry
        else:
            stack.extend(entry.url_patterns)


def _of_module(module: ModuleType, urls: tuple[str, ...]) -> Iterator[Mutant]:
    tree = ast.parse(inspect.getsource(module))
    for function in tree.body:
        if not isinstance(function, ast.FunctionDef):
            continue
        names: set[str] = set()
        for number, (_node, what) in enumerate(_gaps(function)):
            name = f"{module.__name__}.{function.name}: {what}"
            name = f"{name} ({number})" if name in names else name
            names.add(name)
            if name not in EQUIVALENT:
                yield Mutant(name, urls, _without(module, function.name, number), INSIDE, ("GET", "POST"))


def _gaps(function: ast.FunctionDef) -> Iterator[tuple[Callable[[], None], str]]:
    """Ways to open this function, each as what to do to its tree and what to call it."""
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in {"filter", "get"}:
            for keyword in node.keywords:
                if keyword.arg in KEYWORDS:
                    yield _drop(node, keyword), f"{ast.unparse(node.func)[-40:]} without {keyword.arg}"
        for field, value in ast.iter_fields(node):
            if (
                isinstance(value, ast.Attribute)
                and ast.unparse(value.value) == "request.project"
                and _is_rows(value.attr)
            ):
                yield _everybodys(node, field, value.attr), f"request.project.{value.attr} of all projects"


def _drop(call: ast.Call, keyword: ast.keyword) -> Callable[[], None]:
    return lambda: call.keywords.remove(keyword)


def _is_rows(name: str) -> bool:
    from projects.models import Project

    return any(relation.get_accessor_name() == name for relation in Project._meta.related_objects)


def _everybodys(node: ast.AST, field: str, name: str) -> Callable[[], None]:
    code = f"type(request.project).{name}.rel.related_model.objects"
    return lambda: setattr(node, field, ast.parse(code, mode="eval").body)


def _without(module: ModuleType, name: str, number: int) -> Callable[[], AbstractContextManager[Any]]:
    @contextmanager
    def apply() -> Iterator[None]:
        tree = ast.parse(inspect.getsource(module))
        future = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == "__future__"]
        function = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name)
        list(_gaps(function))[number][0]()
        body = ast.fix_missing_locations(ast.Module([*future, function], []))
        scope: dict[str, Any] = {}
        exec(compile(body, module.__file__ or "", "exec"), module.__dict__, scope)
        original = getattr(module, name)
        with ExitStack() as stack:
            for place in [m for m in _ours() if getattr(m, name, None) is original]:
                stack.enter_context(mock.patch.object(place, name, scope[name]))
            for hook in [one for m in _ours() for one in vars(m).values() if isinstance(one, Hook)]:
                takers = [scope[name] if one is original else one for one in hook.takers]
                stack.enter_context(mock.patch.object(hook, "takers", takers))
            for pattern in _patterns():
                if pattern.callback is original:
                    stack.enter_context(mock.patch.object(pattern, "callback", scope[name]))
            for operation in operations():
                if operation.view_func is original:
                    stack.enter_context(mock.patch.object(operation, "view_func", scope[name]))
            yield

    return apply


def _ours() -> list[ModuleType]:
    return [m for name, m in sys.modules.items() if name.split(".")[0] in settings.OUR_APPS]


# Gaps that nobody can see through, each with the reason. A reason that no longer holds is found by removing its line.
EQUIVALENT: Mapping[str, str] = {
    "annotation.gold.adjudicating.adjudicate: Adjudication.objects.filter without adjudicator": (
        "the key is a UUID that only its own form knows"
    ),
    **dict.fromkeys(
        (
            "annotation.pairs.finding.filters: Disagreement.objects.filter without project",
            "annotation.pairs.finding.filters: BadCase.objects.filter without project",
            "annotation.pairs.finding.filters: Query.objects.filter without project",
        ),
        "what is found is chosen among the project's own pairs",
    ),
    "inference.knowledge.retrieval.for_queries: KnowledgeCard.objects.filter without project": (
        "only spares the search where there is nothing to find"
    ),
    **dict.fromkeys(
        (
            f"annotation.judging.queue.ahead: Lease.objects.filter without {keyword}"
            for keyword in ("person", "slot__project")
        ),
        "a used token is a UUID that only its holder's page knows, and what follows is the asker's own card",
    ),
    "projects.membership._other_lead: s.select_for_update(of=('self',)).filter without project": (
        "whoever removes a lead is another lead of the project, which is looked at before"
    ),
    "inference.playground.views._page: Pair.objects.filter without project": (
        "offers a number of no pair of ours, which the form then refuses as absent"
    ),
}
