"""The forms of people and projects. Each lists its fields; who acts, and in which project, never comes from a form."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm, UsernameField
from django.contrib.auth.validators import ASCIIUsernameValidator
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from projects import login_throttling
from projects.demo_logins import PREFIX
from projects.hooks import Hook
from projects.models import AuditEvent, Person, Project, Role, Scope, StandingMode
from projects.names import NAME_TAKEN, check_nobody_elses, check_own, check_seen, check_slug, taken
from projects.refusals import Refused
from relevance.labels import SCALES

rule_base_numbers: Hook[[], list[int]] = Hook()  # which versions a project may pin, newest first
LONGEST = 20_000
LONG_TEXTS = {"description": 3, "guideline": 8}  # and the rows they are shown with


def languages_with_default() -> list[tuple[str, Any]]:
    return [("", _("as the browser asks")), *settings.LANGUAGES]


class LoginForm(AuthenticationForm):
    """One text for an unknown name, a wrong password and a person who may not sign in any more.

    Every check of a password is counted first: `is_valid` raises guessing.Wait where none may be made.
    """

    waits_until: datetime | None = None  # after a wrong one: no further check before then

    error_messages = {
        "invalid_login": _("User name and password do not match. Both are case-sensitive."),
        "inactive": _("User name and password do not match. Both are case-sensitive."),
    }

    def clean(self) -> dict[str, Any]:
        username, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if username is None or not password:
            return self.cleaned_data
        assert self.request is not None
        attempt = login_throttling.reserve(self.request, username)
        try:
            cleaned = super().clean()
        except forms.ValidationError:
            login_throttling.note_wait(self.request, username, attempt)
            self.waits_until = attempt.until
            raise
        login_throttling.forgive(attempt)
        return cleaned


class TokenForm(forms.Form):
    """A new service token."""

    name = forms.CharField(
        label=_("Name"), max_length=80, help_text=_("What it is for, such as the program that will hold it.")
    )
    scopes = forms.TypedMultipleChoiceField(
        label=_("It may"),
        choices=[
            (Scope.IMPORT, _("import: bring in files, and read what became of them")),
            (Scope.PRELABEL, _("pre-label: start runs, and read how far they are")),
            (Scope.EXPORT, _("export: request exports, and download what is sealed")),
            (Scope.MONITOR, _("monitor: open bad cases")),
        ],
        coerce=Scope,
        widget=forms.CheckboxSelectMultiple,
    )
    days = forms.TypedChoiceField(
        label=_("It ends after"),
        choices=[(30, _("30 days")), (90, _("90 days")), (180, _("180 days")), (365, _("365 days"))],
        coerce=int,
        initial=90,
    )


def free_username(username: str) -> str:
    """A name nobody has in any case, and not one of the demo's."""
    if username.lower().startswith(PREFIX):
        raise forms.ValidationError(_("User names beginning with “demo-” are kept for the demo."))
    if Person.objects.filter(username__iexact=username).exists():
        raise forms.ValidationError(_("Someone has this user name already."))
    return username


class NewPersonForm(forms.Form):
    username = UsernameField(label=_("User name"), max_length=80, validators=[ASCIIUsernameValidator()])
    name = forms.CharField(label=_("Name"), max_length=120, required=False, validators=[check_seen, check_own])
    locale = forms.ChoiceField(label=_("Language"), choices=languages_with_default, required=False)

    def clean_username(self) -> str:
        return free_username(self.cleaned_data["username"])


class AccountForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120, required=False, validators=[check_seen])
    locale = forms.ChoiceField(label=_("Language"), choices=languages_with_default, required=False)

    def __init__(self, *args: Any, person: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if name != self.person.name:
            check_own(name)
            check_nobody_elses(name, self.person)
        return name


class MemberForm(forms.Form):
    username = UsernameField(label=_("User name"), max_length=80)
    role = forms.TypedChoiceField(label=_("Role"), choices=Role.choices, coerce=Role)


class LeadForm(forms.Form):
    """A system admin names a lead for a project that has none."""

    project = forms.ModelChoiceField(label=_("Project"), queryset=Project.objects.none(), to_field_name="slug")

    def __init__(self, *args: Any, projects: list[Project], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["project"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Project.objects.filter(pk__in=[project.pk for project in projects]).order_by("name")


def scale_choices() -> list[tuple[str, str]]:
    return [(name, f"{name} ({', '.join(scale.codes)})") for name, scale in SCALES.items()]


class NewProjectForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120, validators=[check_seen])
    slug = forms.SlugField(
        label=_("Short name"),
        max_length=60,
        required=False,
        help_text=_(
            "Stands in addresses and commands: small letters, digits, hyphens. Left empty, it follows the name."
        ),
    )
    scale_name = forms.ChoiceField(
        label=_("Label scale"),
        choices=scale_choices,
        initial="lore-4",
        help_text=_("Fixed once the project has pairs."),
    )
    lead = UsernameField(
        label=_("First lead"),
        max_length=80,
        required=False,
        help_text=_("The user name of the person who imports, staffs and watches the project."),
    )

    def clean_lead(self) -> str:
        lead: str = self.cleaned_data["lead"]
        if lead and not Person.objects.filter(username=lead, is_active=True).exists():
            raise forms.ValidationError(_("Nobody who can sign in has this user name."))
        return lead

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "slug" in cleaned and "name" in cleaned:
            if taken(cleaned["name"]):
                self.add_error("name", NAME_TAKEN)
            cleaned["slug"] = cleaned["slug"] or slugify(cleaned["name"])[:60]
            if not cleaned["slug"]:
                self.add_error("slug", _("This name gives no short name: type one."))
            elif Project.objects.filter(slug__iexact=cleaned["slug"]).exists():
                self.add_error("slug", _("Another project has this short name."))
            else:
                self._check_slug(cleaned["slug"])
        return cleaned

    def _check_slug(self, slug: str) -> None:
        try:
            check_slug(slug)
        except Refused as refusal:
            self.add_error("slug", refusal.sentence)


class ProjectSettingsForm(forms.ModelForm[Project]):
    rule_base_number = forms.TypedChoiceField(
        label=_("Rule base version"),
        required=False,
        coerce=int,
        empty_value=None,
        help_text=_(
            "A project that follows is judged by each version from its publication on. Pinned, it keeps its rules until its "
            "lead moves it."
        ),
    )
    scale_name = forms.ChoiceField(label=_("Label scale"), choices=scale_choices)

    class Meta:
        model = Project
        fields = [
            "name",
            "description",
            "guideline",
            "mode",
            "overlap",
            "lease_seconds",
            "confidence_cut",
            "require_citation",
            "replay_tolerance",
            "rule_base_number",
            "scale_name",
        ]
        help_texts = {
            "guideline": _("What every judge reads before the first pair; shown on the judging card."),
            "mode": _(
                "How much of the machine's work a judge sees. Gold and test sets are judged blind. Where the evidence is shown "
                "unchecked, the card says so."
            ),
            "confidence_cut": _("A pre-label that is less sure than this goes to two people who do not see it."),
            "require_citation": _(
                "With Q, W, E on the card, or R where none fits. Blind cards show no rules and ask for none."
            ),
            "replay_tolerance": _("As a share: 0.002 is 0.2 points of agreement. More needs a reason to be published."),
            "overlap": _(
                "How many people judge each pair that comes. Pairs that exist are settled by the slots they have; further "
                "people are asked for under Pairs, More judgments."
            ),
            "lease_seconds": _("How long a pair stays with a judge who went away."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, rows in LONG_TEXTS.items():
            self.fields[name] = forms.CharField(
                label=self.fields[name].label,
                help_text=self.fields[name].help_text,
                required=False,
                max_length=LONGEST,
                widget=forms.Textarea({"rows": rows}),
            )
        self.fields["name"].validators.append(check_seen)
        pinned = self.fields["rule_base_number"]
        assert isinstance(pinned, forms.TypedChoiceField)
        numbers = [number for found in rule_base_numbers() for number in found]
        pinned.choices = [("", _("follow the newest")), *((number, str(number)) for number in numbers)]
        if self.instance.pairs.exists():
            self.fields["scale_name"].disabled = True
            self.fields["scale_name"].help_text = _("Fixed, since the project has pairs.")

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if name != self.initial["name"] and taken(name, but=self.instance):
            raise forms.ValidationError(NAME_TAKEN)
        return name


class AuditFilterForm(forms.Form):
    """Filters of the audit page: values only, never names of columns."""

    act = forms.ChoiceField(label=_("Act"), required=False)
    before = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)

    def __init__(self, *args: Any, project: Project | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        acts = AuditEvent.objects.filter(project=project).order_by("act").values_list("act", flat=True).distinct()
        field = self.fields["act"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("all")), *((act, act) for act in acts)]


MODE_MEANING = {
    StandingMode.BY_GATE: _(
        "facts for a category whose evidence people have checked and found good enough, blind for the others"
    ),
    StandingMode.BLIND: _("no model, no grid, no routed rules: only the category's guideline"),
    StandingMode.FACTS: _("the evidence grid and the rules that apply, without a label"),
    StandingMode.REVEAL: _("own label first, then the model's with its chain, then keep or change"),
    StandingMode.ASSIST: _("the pre-label is visible; a random share is served blind"),
}
