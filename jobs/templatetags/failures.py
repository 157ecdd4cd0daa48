"""Why a job failed, for templates: `{% load failures %}{% with why=job.error|failure %}`; most include parts/failure.html."""

from __future__ import annotations

from django import template

from jobs import failures

register = template.Library()


@register.filter
def failure(error: object) -> failures.Failure:
    return failures.of(str(error))
