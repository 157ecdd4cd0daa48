"""The gate every request passes: POLICY decides before a view runs, and foreign and absent look the same.

A view under /p/<slug>/ finds the project on `request.project`; it never looks one up itself.
"""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers, patch_vary_headers

from projects.models import Membership, Person, Project, Role
from projects.policy import POLICY, ROLES, Permission

OUTSIDE_PROJECTS = frozenset({Permission.ANYONE, Permission.SIGNED_IN, Permission.SYSTEM, Permission.KEEP_RULES})
View = Callable[..., HttpResponse]


class Request(HttpRequest):
    """What a view receives: a signed-in person and, under /p/<slug>/, the project and the person's roles in it."""

    person: Person
    project: Project
    roles: frozenset[Role]
    htmx: object


def roles_of(person: Person, project: Project) -> frozenset[Role]:
    """Read at every request, so that a change of roles acts at once."""
    held = Membership.objects.filter(project=project, person=person).values_list("role", flat=True)
    return frozenset(Role(role) for role in held)


def keeps_rules(person: Person) -> bool:
    """A rule owner of any project that is not archived, whose account is active."""
    held = Membership.objects.filter(person=person, role=Role.RULE_OWNER, project__archived_at=None)
    return person.is_active and held.exists()


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


def _passes(person: Person, permission: Permission) -> bool:
    """Where no project is entered."""
    if permission is Permission.SYSTEM:
        return bool(person.is_system_admin)
    return permission is not Permission.KEEP_RULES or keeps_rules(person)


class PolicyMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not response.has_header("Cache-Control"):
            add_never_cache_headers(response)
        patch_vary_headers(response, ["HX-Request"])
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
        if permission is Permission.ANYONE:
            return None
        if not request.user.is_authenticated:
            return signed_out(request)
        return self._enter(request, permission, kwargs)

    def _enter(self, request: HttpRequest, permission: Permission, kwargs: dict[str, object]) -> HttpResponse | None:
        person = request.user
        assert isinstance(person, Person)
        request.person = person  # type: ignore[attr-defined]
        slug = kwargs.pop("slug", None)
        if slug is not None:
            self._enter_project(request, person, str(slug), permission)
        elif not _passes(person, permission):
            raise Http404
        return None

    def _enter_project(self, request: HttpRequest, person: Person, slug: str, permission: Permission) -> None:
        held = list(
            Membership.objects.filter(person=person, project__slug=slug, project__archived_at=None)
            .select_related("project")
            .order_by("pk")
        )
        roles = frozenset(Role(membership.role) for membership in held)
        if not may(roles, permission):
            raise Http404
        request.project = held[0].project  # type: ignore[attr-defined]
        request.roles = roles  # type: ignore[attr-defined]


def signed_out(request: HttpRequest) -> HttpResponse:
    """A page goes to the login page; an htmx request gets 401 and keeps what is on the screen."""
    if request.headers.get("HX-Request"):
        return aside(render(request, "projects/signed_out.html", status=401))
    return redirect_to_login(request.get_full_path())


def aside(response: HttpResponse) -> HttpResponse:
    """Shows a refusal in the page's place for messages instead of swapping away the form that was sent."""
    response["HX-Retarget"] = "#messages"
    response["HX-Reswap"] = "innerHTML"
    return response
