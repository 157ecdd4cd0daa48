"""A person's own name, language and password."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.forms import PasswordChangeForm
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from projects import audit
from projects.forms import AccountForm
from projects.gates import Request
from projects.language import is_known, keep_in_cookie
from projects.models import Person
from projects.next_page import next_page


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
    if request.method == "POST":
        return _change_names(request)
    return _page(request)


def _change_names(request: Request) -> HttpResponse:
    form = AccountForm(request.POST)
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
    form = PasswordChangeForm(request.person, request.POST)
    if not form.is_valid():
        return _page(request, password_form=form)
    with transaction.atomic():
        form.save()
        audit.record(request.person, "password.changed", on=request.person)
    update_session_auth_hash(request, request.person)
    messages.success(request, _("Your password is changed; your other sessions have ended."))
    return redirect("account")


def _page(
    request: Request, *, form: AccountForm | None = None, password_form: PasswordChangeForm | None = None
) -> HttpResponse:
    person = request.person
    initial = {"name": person.name, "locale": person.locale}
    context = {
        "form": form or AccountForm(initial=initial),
        "password_form": password_form or PasswordChangeForm(person),
        "has_password": person.has_usable_password(),
    }
    refused = form is not None or password_form is not None
    return render(request, "projects/account.html", context, status=422 if refused else 200)
