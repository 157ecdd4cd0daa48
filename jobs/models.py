"""Work as rows: state, lease, attempts and fencing token. A Celery message only says that there may be some."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from database.clock import ClockTimestamp


class JobState(models.TextChoices):
    QUEUED = "queued", _("queued")
    RUNNING = "running", _("running")
    DONE = "done", _("done")
    FAILED = "failed", _("failed, will retry")
    DEAD = "dead", _("dead")
    CANCELLED = "cancelled", _("cancelled")


class Job(models.Model):
    """A row that someone must work on.

    Due when queued or failed and `due_at` has come, or running with a lease that ran out. Who takes it gets a fresh
    `token`; a result that carries another token is late and is not taken.
    """

    state = models.CharField(max_length=10, choices=JobState.choices, default=JobState.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    vanished = models.PositiveSmallIntegerField(db_default=0)  # of the attempts: their lease ran out, nobody knows why
    token = models.UUIDField(null=True)
    holder = models.UUIDField(null=True)  # the life of the process that took it last (jobs.in_hand)
    lease_until = models.DateTimeField(null=True)
    due_at = models.DateTimeField(db_default=ClockTimestamp())
    error = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(db_default=ClockTimestamp())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                name="%(class)s_lease_while_running",
                condition=Q(state="running", token__isnull=False, lease_until__isnull=False)
                | (~Q(state="running") & Q(lease_until__isnull=True)),
            ),
        ]
        indexes = [
            models.Index(
                name="%(class)s_due", fields=["due_at"], condition=Q(state__in=["queued", "failed", "running"])
            ),
            models.Index(name="%(class)s_dead", fields=["id"], condition=Q(state="dead")),
        ]


class Worker(models.Model):
    """The heartbeat of a running dispatcher or worker process."""

    class Kind(models.TextChoices):
        DISPATCHER = "dispatcher", _("dispatcher")
        WORKER = "worker", _("worker")

    name = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    started_at = models.DateTimeField(db_default=ClockTimestamp())
    seen_at = models.DateTimeField(db_default=ClockTimestamp())
    last_claim_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name
