"""A new project, and the settings of one."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from projects import creating
from projects.forms import MODE_MEANING, NewProjectForm, ProjectSettingsForm
from projects.gates import Request
from projects.models import Project
from projects.refusals import Refused


def new(request: Request) -> HttpResponse:
    form = NewProjectForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            project = creating.found(**form.cleaned_data, actor=request.person)
        except Refused as refusal:
            if refusal.code != "name_taken":  # by another who founded one in this moment
                raise
            form.add_error(refusal.field, refusal.sentence)
        else:
            messages.success(request, _("Project %(name)s exists.") % {"name": project.name})
            return redirect("home")
    return render(request, "projects/project_new.html", {"form": form}, status=422 if form.is_bound else 200)


def settings(request: Request) -> HttpResponse:
    project = Project.objects.get(pk=request.project.pk)  # the form writes on its own copy, not on the page's
    form = ProjectSettingsForm(request.POST if request.method == "POST" else None, instance=project)
    if form.is_bound and form.is_valid():
        try:
            creating.change_settings(form, actor=request.person)
        except Refused as refusal:
            form.add_error(refusal.field, refusal.sentence)
        else:
            messages.success(request, _("Saved."))
            return redirect("project-settings", request.project.slug)
    context = {
        "form": form,
        "modes_explained": [(mode.label, meaning) for mode, meaning in MODE_MEANING.items()],
    }
    return render(request, "projects/settings.html", context, status=422 if form.is_bound else 200)
