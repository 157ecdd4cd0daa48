"""Where a project's pictures may be fetched from: a list of hosts that a lead keeps, every change on the audit log."""

from __future__ import annotations

from typing import NamedTuple

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy

from catalogue.models import PictureFetch, PictureSource
from catalogue.pictures import addresses
from jobs import leasing
from projects import allowances
from projects.allowances import Allowance
from projects.audit import record
from projects.models import Person, Project
from projects.refusals import Refused

MOST_SHOWN = 50
LISTED = Q(Exists(PictureSource.objects.filter(project=OuterRef("project"), host=OuterRef("host"))))
HOSTS = Allowance("picture_source", 300, gettext_lazy("hosts of pictures"))


class Unlisted(NamedTuple):
    """A host that an import names, with the pictures that wait for a lead to list it."""

    host: str
    pictures: int


def of(project: Project) -> QuerySet[PictureSource]:
    return project.picture_sources.select_related("added_by").order_by("host")


def allow(project: Project, host: str, by: Person | None, *, plain_http: bool = False) -> PictureSource:
    """List a host, or change how it is asked. What was refused only for want of TLS is tried again. Raises Refused."""
    name = host.strip().lower()
    if not addresses.is_host(name):
        no_host = gettext_lazy("Type a host by its name, such as pictures.example.com: no address, no number, no path.")
        raise Refused("no_host", no_host, field="host")
    with transaction.atomic():
        if by is not None:
            allowances.spend(HOSTS, by)
        source, _ = PictureSource.objects.update_or_create(
            project=project,
            host=name,
            defaults={"plain_http": plain_http},
            create_defaults={"plain_http": plain_http, "added_by": by},
        )
        if plain_http:
            leasing.replay(PictureFetch.objects.filter(project=project, host=name, error="plain_http"))
        record(by, "picture_source.allowed", project=project, on=source, host=name, plain_http=plain_http)
    return source


def remove(source: PictureSource, by: Person) -> None:
    """From now on nothing is fetched from there; what was fetched stays."""
    with transaction.atomic():
        record(by, "picture_source.removed", project=source.project, on=source, host=source.host)
        source.delete()


def unlisted(project: Project) -> list[Unlisted]:
    """The hosts that waiting pictures name and no lead has listed, the most wanted first."""
    waiting = PictureFetch.objects.filter(~LISTED, project=project, state__in=leasing.LIVE)
    found = waiting.values_list("host").annotate(n=Count("pk")).order_by("-n", "host")[:MOST_SHOWN]
    return [Unlisted(*row) for row in found]


def lines() -> list[Q]:
    """Each listed host is a line of its own, so that a slow one holds up no other."""
    due = leasing.due(PictureFetch).filter(project=OuterRef("project"), host=OuterRef("host"))
    found = PictureSource.objects.filter(Exists(due)).order_by("pk").values_list("project_id", "host")
    return [Q(project_id=project_id, host=host) for project_id, host in found]


def is_open(project: Project) -> bool:
    """Is there anything left that may be fetched?"""
    return PictureFetch.objects.filter(LISTED, project=project, state__in=leasing.LIVE).exists()
