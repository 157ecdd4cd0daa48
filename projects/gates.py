"""The gate every request passes: POLICY decides before a view runs, and foreign and absent look the same.

A view under /p/<slug>/ finds the project on `request.project`; it never looks one up itself. What programs may do
with a service token is decided here too, by projects.bearer. What a signed-in person is refused is audited
(projects.refused_requests).
"""

from __future__ import annotations

import re
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.middleware.csrf import CsrfViewMiddleware
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers, patch_vary_headers

from database.compiling import compiled
from projects import bearer, refused_requests, uploading
from projects.hooks import Hook
from projects.models import Membership, Person, Project, Role
from projects.policy import POLICY, ROLES, SCOPES, Permission
from projects.requests import by_htmx

OUTSIDE_PROJECTS = frozenset({Permission.ANYONE, Permission.SIGNED_IN, Permission.SYSTEM, Permission.KEEP_RULES})
View = Callable[..., HttpResponse]
turned_away: Hook[[HttpRequest], None] = Hook()  # a request the gate refuses; what it carries may have to be kept


class Request(HttpRequest):
    """What a view receives: a signed-in person and, under /p/<slug>/, the project and the person's roles in it."""

    person: Person
    project: Project
    roles: frozenset[Role]


def keeps_rules(person: Person) -> bool:
    """A rule owner of the installation, whose account is active. What a project's lead hands out counts for nothing here."""
    return person.is_active and person.is_rule_owner


def may(roles: frozenset[Role], permission: Permission) -> bool:
    return bool(roles & ROLES.get(permission, frozenset()))


def allowed(request: HttpRequest, url_name: str, method: str) -> bool:
    """For templates and home pages: would POLICY let this request's person through?"""
    permission = POLICY.get(url_name, {}).get(method)
    person = request.user
    if permission is None or not person.is_authenticated:
        return permission is Permission.ANYONE
    if permission in OUTSIDE_PROJECTS:
        return _passes(person, permission)
    return may(getattr(request, "roles", frozenset()), permission)


def sees_name_of(request: HttpRequest, person: Person, *, of_rules: bool = False) -> bool:
    """May who reads this page know who that is? Rule owners know each other as such, and who asks them something."""
    reader = request.user
    if reader.pk == person.pk or may(getattr(request, "roles", frozenset()), Permission.SEE_NAMES):
        return True
    if not of_rules or not reader.is_authenticated:
        return False
    if not hasattr(request, "_keeps_rules"):
        request._keeps_rules = keeps_rules(reader)  # type: ignore[attr-defined]
    return bool(request._keeps_rules)  # type: ignore[attr-defined]


def lies_open(request: HttpRequest, address: str) -> bool:
    """Is this an address inside the product, and of no project that this reader is no member of?"""
    place = re.match(r"/(?![/\\])(?:p/([-\w]+)/)?", address)
    if place is None or not request.user.is_authenticated:
        return False
    slug = place[1]
    return slug is None or Membership.objects.filter(person=request.user, project__slug=slug).exists()


def _passes(person: Person, permission: Permission) -> bool:
    """Where no project is entered."""
    if permission is Permission.SYSTEM:
        return bool(person.is_system_admin)
    return permission is not Permission.KEEP_RULES or keeps_rules(person)


class PolicyMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        program = bearer.is_for_programs(request)
        answer = self._leaving_nothing if request.method == "HEAD" else self.get_response
        response = bearer.answer(request, answer) if program else answer(request)
        refused_requests.note(request, response)
        if not response.has_header("Cache-Control"):
            add_never_cache_headers(response)
        patch_vary_headers(response, ["HX-Request"])
        return response

    def _leaving_nothing(self, request: HttpRequest) -> HttpResponse:
        """HEAD answers as GET does, for nobody to see: no card is held for it, and nothing was downloaded."""
        with transaction.atomic():
            response = self.get_response(request)
            transaction.set_rollback(True)
        return response

    def process_view(
        self, request: HttpRequest, view: View, args: tuple[object, ...], kwargs: dict[str, object]
    ) -> HttpResponse | None:
        name = request.resolver_match.url_name if request.resolver_match else None
        methods = POLICY.get(name or "", {})
        method = "GET" if request.method == "HEAD" else request.method or ""
        if not methods:
            raise Http404
        if method not in methods:
            return HttpResponseNotAllowed(sorted(methods))
        permission = methods[method]
        if permission in SCOPES:
            return bearer.enter(request, SCOPES[permission], kwargs)
        if permission is Permission.ANYONE:
            return None
        if not request.user.is_authenticated:
            _turn_away(request)
            return signed_out(request)
        return self._enter(request, permission, kwargs)

    def _enter(self, request: HttpRequest, permission: Permission, kwargs: dict[str, object]) -> HttpResponse | None:
        person = request.user
        assert isinstance(person, Person)
        request.person = person  # type: ignore[attr-defined]
        uploading.sender.set(f"person {person.pk}")
        slug = kwargs.pop("slug", None)
        if slug is not None:
            self._enter_project(request, person, str(slug), permission)
        elif not _passes(person, permission):
            raise Http404
        return None

    def _enter_project(self, request: HttpRequest, person: Person, slug: str, permission: Permission) -> None:
        held = _memberships(person.pk, slug)
        roles = frozenset(Role(membership.role) for membership in held)
        if not may(roles, permission):
            _turn_away(request)
            raise Http404
        request.project = held[0].project  # type: ignore[attr-defined]
        request.roles = roles  # type: ignore[attr-defined]


@compiled
def _memberships(person: int, slug: str) -> QuerySet[Membership]:
    rows = Membership.objects.filter(person=person, project__slug=slug, project__archived_at=None)
    return rows.select_related("project").order_by("pk")


def _turn_away(request: HttpRequest) -> None:
    if request.method == "POST" and is_own_form(request):
        turned_away(request)


def is_own_form(request: HttpRequest) -> bool:
    """The gate stands before the check of CSRF tokens, so that nobody's body is read in vain: what is kept or shown
    again of a refused form is checked here. Without the look at its size, a stranger has a large body received by it."""
    return (
        uploading.is_small(request.META)
        and CsrfViewMiddleware(lambda _: HttpResponse()).process_view(request, signed_out, (), {}) is None
    )


def signed_out(request: HttpRequest) -> HttpResponse:
    """A page goes to the login page; an htmx request gets 401 and keeps what is on the screen.

    A form sent by a session that has ended since comes back with what was typed, to be sent again after signing in.
    """
    if by_htmx(request):
        return aside(render(request, "projects/signed_out.html", status=401))
    had_session = settings.SESSION_COOKIE_NAME in request.COOKIES
    if request.method == "POST" and had_session and is_own_form(request) and (typed := _typed(request)):
        context = {"typed": typed, "files": sorted(request.FILES)}
        return render(request, "projects/signed_out_form.html", context, status=401)
    return redirect_to_login(request.get_full_path())


def _typed(request: HttpRequest) -> list[tuple[str, str]]:
    """The fields of a posted form, save tokens and passwords."""
    names = [name for name in request.POST if name != "csrfmiddlewaretoken" and "password" not in name]
    return [(name, value) for name in names for value in request.POST.getlist(name) if value]


def aside(response: HttpResponse) -> HttpResponse:
    """Shows a refusal in the page's place for messages instead of swapping away the form that was sent."""
    response["HX-Retarget"] = "#messages"
    response["HX-Reswap"] = "innerHTML"
    return response
