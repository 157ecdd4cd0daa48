"""Knowledge cards from a project's own catalogue: its category tree, and what values its attributes take."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandError, CommandParser

from catalogue.models import Item
from inference.knowledge.from_catalogue import from_catalogue
from projects.commands import JsonCommand
from projects.models import Project


class Command(JsonCommand):
    help = "Write cards of the most frequent categories and attributes; what people wrote is left alone."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--project", required=True, help="slug of the project")

    def run(self, **options: Any) -> dict[str, Any]:
        project = Project.objects.filter(slug=options["project"], archived_at=None).first()
        if project is None:
            raise CommandError(f"no project is called {options['project']!r}")
        return asdict(from_catalogue(project, _facts(project)))


def _facts(project: Project) -> Iterator[tuple[str, tuple[tuple[str, str], ...]]]:
    rows = Item.objects.filter(project=project, current_snapshot__isnull=False).select_related("current_snapshot")
    for item in rows.order_by("pk").iterator(chunk_size=2000):
        assert item.current_snapshot is not None
        yield item.current_snapshot.category, tuple((name, value) for name, value in item.current_snapshot.cpv)
