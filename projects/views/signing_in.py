"""In and out: login, logout, one-time links, and the two refusals that stand before any view (lockout, CSRF)."""

from __future__ import annotations

from datetime import datetime

from axes.models import AccessAttempt
from django.conf import settings
from django.contrib import auth
from django.contrib.auth.forms import SetPasswordForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.views.decorators.debug import sensitive_post_parameters

from projects import demo_logins, invitations
from projects.forms import LoginForm
from projects.gates import aside
from projects.invitations import LinkState
from projects.language import keep_in_cookie
from projects.models import Person
from projects.next_page import next_page

PASSWORDS = "django.contrib.auth.backends.ModelBackend"
LINK_STATUS = {LinkState.UNKNOWN: 404, LinkState.USED: 410, LinkState.EXPIRED: 410}


@sensitive_post_parameters("password")
def login(request: HttpRequest) -> HttpResponse:
    if request.method == "POST" and "demo" in request.POST:
        return _demo_login(request, request.POST["demo"])
    if request.method == "GET" and request.user.is_authenticated:
        return HttpResponseRedirect(next_page(request))
    form = LoginForm(request, data=request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        return _enter(request, form.get_user(), PASSWORDS)
    context = {"form": form, "next": next_page(request), "demo_logins": demo_logins.offered()}
    return render(request, "projects/login.html", context, status=422 if form.is_bound else 200)


def _demo_login(request: HttpRequest, username: str) -> HttpResponse:
    person = demo_logins.demo_person(username)
    if person is None:
        raise Http404
    return _enter(request, person, demo_logins.BACKEND)


def _enter(request: HttpRequest, person: Person, backend: str) -> HttpResponse:
    """A new session key; what the browser held before is worth nothing."""
    auth.login(request, person, backend=backend)
    response = HttpResponseRedirect(next_page(request))
    keep_in_cookie(response, person.locale)
    return response


def logout(request: HttpRequest) -> HttpResponse:
    auth.logout(request)
    response = redirect("login")
    response["Clear-Site-Data"] = '"cache", "storage"'
    return response


@sensitive_post_parameters("new_password1", "new_password2")
def welcome(request: HttpRequest, token: str) -> HttpResponse:
    """A one-time link: sets a password and signs in. Spent or late, it says so."""
    state, person = invitations.look_up(token)
    if person is None:
        return render(request, "projects/welcome.html", {"state": state}, status=LINK_STATUS[state])
    form = SetPasswordForm(person, data=request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        return _accept(request, token, form.cleaned_data["new_password1"])
    context = {"state": state, "form": form, "invited": person}
    return render(request, "projects/welcome.html", context, status=422 if form.is_bound else 200)


def _accept(request: HttpRequest, token: str, password: str) -> HttpResponse:
    person = invitations.accept(token, password)
    if person is None:
        return render(request, "projects/welcome.html", {"state": LinkState.USED}, status=410)
    auth.login(request, person, backend=PASSWORDS)
    response = redirect("home")
    keep_in_cookie(response, person.locale)
    return response


def locked_out(
    request: HttpRequest,
    original_response: HttpResponse | None = None,
    credentials: dict[str, str] | None = None,
) -> HttpResponse:
    """Too many failures for this name from this address. Says the same whether or not the name exists."""
    until = _locked_until(request, (credentials or {}).get("username", ""))
    seconds = max(1, int((until - timezone.now()).total_seconds()))
    context = {"until": until, "minutes": -(-seconds // 60)}
    response = render(request, "projects/locked_out.html", context, status=429)
    response["Retry-After"] = str(seconds)
    add_never_cache_headers(response)
    return response


def _locked_until(request: HttpRequest, username: str) -> datetime:
    """The cooling-off time runs from the latest failure, also of a failure while locked out."""
    address = getattr(request, "axes_ip_address", None)
    latest = AccessAttempt.objects.filter(username=username, ip_address=address).order_by("-attempt_time").first()
    since: datetime = latest.attempt_time if latest is not None else timezone.now()
    until: datetime = since + settings.AXES_COOLOFF_TIME
    return until


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form's token is missing or old: nothing was done, and what was typed stays on the screen."""
    if request.headers.get("HX-Request"):
        return aside(render(request, "projects/csrf_failure.html#notice", status=403))
    return render(request, "projects/csrf_failure.html", status=403)
