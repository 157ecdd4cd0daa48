"""In and out: login, logout, one-time links, and the refusals of those who may not yet or not any more (waiting, CSRF)."""

from __future__ import annotations

from datetime import datetime

from django.contrib import auth
from django.contrib.auth.forms import SetPasswordForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters

from projects import demo_logins, devices, invitations, login_throttling
from projects.forms import LoginForm
from projects.gates import aside
from projects.invitations import LinkState
from projects.language import keep_in_cookie
from projects.models import Person
from projects.next_page import next_page
from projects.requests import by_htmx, there

PASSWORDS = "django.contrib.auth.backends.ModelBackend"
LINK_STATUS = {LinkState.UNKNOWN: 404, LinkState.USED: 410, LinkState.EXPIRED: 410}


@sensitive_post_parameters("password")
def login(request: HttpRequest) -> HttpResponse:
    if request.method == "POST" and "demo" in request.POST:
        return _demo_login(request, request.POST["demo"])
    if request.method == "GET" and request.user.is_authenticated:
        return HttpResponseRedirect(next_page(request))
    form = LoginForm(request, data=request.POST if request.method == "POST" else None)
    try:
        right = form.is_bound and form.is_valid()
    except login_throttling.Wait as wait:
        return locked_out(request, wait.until)
    if right:
        response = _enter(request, form.get_user(), PASSWORDS)
        devices.remember(request, response, form.get_user().username)
        return response
    if form.waits_until is not None:
        return locked_out(request, form.waits_until)
    context = {"form": form, "next": next_page(request), "demo_logins": demo_logins.offered()}
    return render(request, "projects/login.html", context, status=422 if form.is_bound else 200)


def _demo_login(request: HttpRequest, username: str) -> HttpResponse:
    return _enter(request, there(demo_logins.demo_person(username)), demo_logins.BACKEND)


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
    devices.remember(request, response, person.username)
    keep_in_cookie(response, person.locale)
    return response


def locked_out(request: HttpRequest, until: datetime) -> HttpResponse:
    """Too many wrong passwords: nothing more is checked before then. Says the same whether or not the name exists."""
    seconds = max(1, int((until - timezone.now()).total_seconds()))
    context = {"until": until, "minutes": -(-seconds // 60)}
    response = render(request, "projects/locked_out.html", context, status=429)
    response["Retry-After"] = str(seconds)
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form's token is missing or old: nothing was done, and what was typed stays on the screen."""
    if by_htmx(request):
        return aside(render(request, "projects/csrf_failure.html#notice", status=403))
    return render(request, "projects/csrf_failure.html", status=403)
