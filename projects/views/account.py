"""A person's own name, language and password."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.forms import PasswordChangeForm
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from projects import audit, invitations, login_throttling, sessions
from projects.forms import AccountForm
from projects.gates import Request
from projects.language import is_known, keep_in_cookie
from projects.models import Person
from projects.next_page import next_page
from projects.views.signing_in import locked_out


def language(request: HttpRequest) -> HttpResponse:
    """The switch in the page's header: for this browser, and for the person if someone is signed in."""
    locale = request.POST.get("language", "")
    response = HttpResponseRedirect(next_page(request))
    if is_known(locale):
        keep_in_cookie(response, locale)
        if request.user.is_authenticated:
            Person.objects.filter(pk=request.user.pk).update(locale=locale)
    return response


@sensitive_post_parameters("old_password", "new_password1", "new_password2")
def account(request: Request) -> HttpResponse:
    if request.method == "POST" and request.POST.get("action") == "password":
        return _change_password(request)
    if request.method == "POST" and request.POST.get("action") == "sessions":
        return _end_other_sessions(request)
    if request.method == "POST":
        return _change_names(request)
    return _page(request)


def _change_names(request: Request) -> HttpResponse:
    form = AccountForm(request.POST, person=request.person)
    if not form.is_valid():
        return _page(request, form=form)
    person = request.person
    person.name, person.locale = form.cleaned_data["name"], form.cleaned_data["locale"]
    person.save(update_fields=["name", "locale"])
    if person.locale:
        translation.activate(person.locale)
    messages.success(request, _("Saved."))
    response = redirect("account")
    keep_in_cookie(response, person.locale)
    return response


def _change_password(request: Request) -> HttpResponse:
    """Whoever found a screen unlocked gets no more tries at the old password than at the login page."""
    person = request.person
    try:
        attempt = login_throttling.reserve(request, person.username)
    except login_throttling.Wait as wait:
        return locked_out(request, wait.until)
    form = PasswordChangeForm(person, request.POST)
    valid = form.is_valid()
    if "old_password" in form.errors:
        login_throttling.note_wait(request, person.username, attempt)
    else:
        login_throttling.forgive(attempt)
    if not valid:
        return _page(request, password_form=form)
    with transaction.atomic():
        form.save(commit=False)  # saving the whole row would bring back what was changed on it meanwhile
        person.save(update_fields=["password"])
        sessions.end_all(person)
        invitations.revoke(person)  # without this whoever found an older link would set a password of theirs over it
        audit.record(person, "password.changed", on=person)
    sessions.stay(request)
    messages.success(request, _("Your password is changed; your other sessions have ended."))
    return redirect("account")


def _end_other_sessions(request: Request) -> HttpResponse:
    with transaction.atomic():
        sessions.end_all(request.person)
        audit.record(request.person, "sessions.ended", on=request.person)
    sessions.stay(request)
    messages.success(request, _("Your other sessions have ended."))
    return redirect("account")


def _page(
    request: Request, *, form: AccountForm | None = None, password_form: PasswordChangeForm | None = None
) -> HttpResponse:
    person = request.person
    initial = {"name": person.name, "locale": person.locale}
    context = {
        "form": form or AccountForm(initial=initial, person=person),
        "password_form": password_form or PasswordChangeForm(person),
        "has_password": person.has_usable_password(),
    }
    refused = form is not None or password_form is not None
    return render(request, "projects/account.html", context, status=422 if refused else 200)
