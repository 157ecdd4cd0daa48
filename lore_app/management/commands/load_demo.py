"""The demo project: people of every role, pairs of our own making with drawn pictures, pre-labelled. May be repeated."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from annotation.evidence_checks import drawing, shipped
from annotation.models import Citation, Judgment
from catalogue.models import Import, Pair
from demo import evidence, pairs
from inference.models import Prediction
from projects import creating, demo_logins
from projects.commands import refuse_other_versions
from projects.models import Project
from rules.publishing import active_rule_base

SLUG = "demo"
GUIDELINE = (
    "Judge what the shopper asked for against what the item is. Excellent: everything asked is there. Related: the right "
    "kind of thing, one wish nearly met. Mismatch: a wish is clearly not met; name which. Irrelevant: another kind of thing.\n"
    "看用户要什么、商品是什么。优秀：要求全部满足；相关：品类正确，个别要求接近；不匹配：明确不满足某项要求，请指明维度；不相关：品类不同。"
)


class Command(BaseCommand):
    help = "Load the demo project (needs LORE_DEMO=1); what is there already stays as it is"

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("the demo is only loaded with LORE_DEMO=1")
        refuse_other_versions()
        if reason := demo_logins.why_not():
            raise CommandError(reason)
        held = Project.objects.filter(slug=SLUG).first()
        project = held or creating.make(
            None,
            slug=SLUG,
            name="Demo · 示例项目",
            description="Invented items with drawn pictures, English and Chinese queries.",
            guideline=GUIDELINE,
            overlap=2,
            mode="facts",
        )
        demo_logins.ensure(project)
        if not Import.objects.filter(project=project, state="done").exists():
            self._import()
        if not project.runs.exists():
            self._prelabel(project)
            self._cite(project)
        if not project.evidence_draws.exists():
            self._check_evidence(project)
        self.stderr.write(f"demo: {Pair.objects.filter(project=project).count()} pairs" + ("" if held else " (new)"))

    def _import(self) -> None:
        self.stderr.write("demo: importing the pairs ...")
        with tempfile.TemporaryDirectory() as scratch:
            pairs.write(Path(scratch))
            call_command(
                "import_pairs",
                Path(scratch) / "pairs.jsonl",
                project=SLUG,
                images=Path(scratch) / "images",
                stdout=self.stderr,
            )

    def _check_evidence(self, project: Project) -> None:
        """What was found when the demo's grids were read, as far as they still say the same."""
        self.stderr.write("demo: checking the evidence ...")
        said = evidence.read()
        drawing.draw(project, seed=evidence.SEED, per_category=evidence.PAIRS, actor=None)
        shipped.store(project, shipped.marks(said), evidence.BY)

    def _cite(self, project: Project) -> None:
        """The invented raters give the first rule of the pair's chain as their ground."""
        active = active_rule_base(project)
        versions = dict(active.entries.values_list("rule__code", "version")) if active is not None else {}
        told = Prediction.objects.filter(pair__project=project, status="ok", chain__rules__0__in=list(versions))
        first = dict(told.order_by("pk").values_list("pair", "chain__rules__0"))
        rated = Judgment.objects.filter(pair__in=first, outcome=Judgment.Outcome.LABEL, batch__isnull=False)
        Citation.objects.bulk_create(
            Citation(judgment_id=judgment, version_id=versions[first[pair]])
            for judgment, pair in rated.values_list("pk", "pair")
        )

    def _prelabel(self, project: Project) -> None:
        self.stderr.write("demo: pre-labelling ...")
        call_command("prelabel", project=project.slug, wait=True, stdout=self.stderr)
