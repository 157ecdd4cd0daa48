"""People, projects, roles, one-time links, service tokens and the audit log. Knows nothing of pairs, rules or models."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from database.clock import ClockTimestamp
from relevance.identifiers import SLUG, in_full
from relevance.labels import SCALES, Scale, scale_named

LONGEST_LEASE = 86_400  # seconds; a pair that somebody left is judged by others within a day


class PersonManager(BaseUserManager["Person"]):
    def create_person(self, username: str, *, name: str = "", password: str | None = None, **fields: object) -> Person:
        person = self.model(username=self.model.normalize_username(username), name=name, **fields)
        person.set_password(password)
        person.save()
        return person


class Person(AbstractBaseUser):
    """Someone who can sign in. Never deleted: judgments point to people; a leaver is deactivated, and forgotten by name.

    Invariant: the_forgotten_stay_out.
    """

    username = models.CharField(_("user name"), max_length=80, unique=True)
    name = models.CharField(_("name"), max_length=120, blank=True)
    locale = models.CharField(_("language"), max_length=10, blank=True)
    is_active = models.BooleanField(default=True)
    is_system_admin = models.BooleanField(default=False)
    is_rule_owner = models.BooleanField(default=False)  # of the installation's rules: projects.rule_owners
    session_epoch = models.PositiveIntegerField(
        default=0
    )  # raised by projects.sessions: every session made before is over
    forgotten_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=ClockTimestamp())

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = PersonManager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="the_forgotten_stay_out",
                condition=Q(forgotten_at=None) | Q(is_active=False, is_system_admin=False, name=""),
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.username

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What a session must carry to count; Django asks here for the secret in use and for those it replaced."""
        value = f"{self.password}|{self.session_epoch}"
        return salted_hmac("projects.sessions", value, secret=secret, algorithm="sha256").hexdigest()


class Mode(models.TextChoices):
    """How much of the machine's work a judge sees; docs/lifecycle.md explains each mode."""

    BLIND = "blind", _("blind")
    FACTS = "facts", _("facts")
    REVEAL = "reveal", _("reveal")
    ASSIST = "assist", _("assist")


class StandingMode(models.TextChoices):
    """What a project's lead has chosen: a mode, or facts where people have checked the evidence and it is good enough."""

    BY_GATE = "by_gate", _("facts where the evidence is checked, else blind")
    BLIND = Mode.BLIND.value, Mode.BLIND.label
    FACTS = Mode.FACTS.value, Mode.FACTS.label
    REVEAL = Mode.REVEAL.value, Mode.REVEAL.label
    ASSIST = Mode.ASSIST.value, Mode.ASSIST.label


class NameAsRead(models.Func):
    """A name as a reader tells it from another: neither case nor width, nor how much space stands in it."""

    template = r"lower(normalize(regexp_replace(btrim(%(expressions)s), '\s+', ' ', 'g'), NFKC))"
    output_field = models.TextField()


class Project(models.Model):
    """One body of pairs judged under one scale, by its members."""

    slug = models.SlugField(unique=True, max_length=60)
    name = models.CharField(_("name"), max_length=120)
    # It was called as an older one is when names began to be told apart; until it is renamed.
    shares_name = models.BooleanField(default=False, db_default=False, editable=False)
    description = models.TextField(_("description"), blank=True)
    guideline = models.TextField(_("guideline"), blank=True)
    scale_name = models.CharField(_("label scale"), max_length=20, default="lore-4")
    mode = models.CharField(_("mode"), max_length=10, choices=StandingMode.choices, default=StandingMode.BY_GATE)
    overlap = models.PositiveSmallIntegerField(
        _("judgments wanted per pair"), default=2, validators=[MinValueValidator(1), MaxValueValidator(9)]
    )
    lease_seconds = models.PositiveIntegerField(
        _("lease, seconds"), default=900, validators=[MinValueValidator(30), MaxValueValidator(LONGEST_LEASE)]
    )
    confidence_cut = models.FloatField(
        _("confidence below which two people judge blind"),
        default=0.7,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
    )
    require_citation = models.BooleanField(_("every judgment cites a rule, or says that none fits"), default=False)
    replay_tolerance = models.FloatField(
        _("how far a draft of the rules may drop on the replay set"),
        default=0.002,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
    )
    rule_base_number = models.PositiveIntegerField(_("pinned rule base version"), null=True, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [
            models.UniqueConstraint(NameAsRead("name"), name="one_project_per_name", condition=Q(shares_name=False)),
            models.CheckConstraint(name="overlap_between_1_and_9", condition=Q(overlap__gte=1, overlap__lte=9)),
            models.CheckConstraint(
                name="confidence_cut_is_a_share", condition=Q(confidence_cut__gte=0, confidence_cut__lte=1)
            ),
            models.CheckConstraint(
                name="replay_tolerance_is_a_share", condition=Q(replay_tolerance__gte=0, replay_tolerance__lte=1)
            ),
            models.CheckConstraint(name="project_slug_is_a_code", condition=Q(slug__regex=in_full(SLUG))),
            models.CheckConstraint(name="lease_of_a_day_at_most", condition=Q(lease_seconds__lte=LONGEST_LEASE)),
            models.CheckConstraint(name="scale_is_known", condition=Q(scale_name__in=sorted(SCALES))),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def scale(self) -> Scale:
        return scale_named(self.scale_name)


class Deletion(models.Model):
    """A project that is being deleted for good, and how far that is: `step` of projects.rows_of_project, rows gone so far."""

    project = models.OneToOneField(Project, models.PROTECT)
    asked_by = models.ForeignKey(Person, models.PROTECT, null=True)
    asked_at = models.DateTimeField(db_default=ClockTimestamp())
    prepared = models.BooleanField(default=False)  # its files are gone, and the indexes are there that the rest needs
    step = models.PositiveIntegerField(default=0)
    rows_gone = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"deletion of {self.project_id}"


class Role(models.TextChoices):
    LABELER = "labeler", _("labeler")
    ADJUDICATOR = "adjudicator", _("adjudicator")
    RULE_OWNER = "rule_owner", _("rule owner")
    ML_ENGINEER = "ml_engineer", _("ML engineer")
    LEAD = "lead", _("lead")
    AUDITOR = "auditor", _("auditor")


class Membership(models.Model):
    """A role of a person in a project; a person may hold several."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="memberships")
    person = models.ForeignKey(Person, models.PROTECT, related_name="memberships")
    role = models.CharField(_("role"), max_length=20, choices=Role.choices)
    created_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_membership_per_role", fields=["project", "person", "role"]),
        ]

    def __str__(self) -> str:
        return f"{self.person} · {self.get_role_display()}"


class RoleOffer(models.Model):
    """A role offered to whoever has this user name, until they answer or its time is over. Nobody is a member by it.

    It holds the name as it was typed, never a person: whoever offers cannot tell by it whether the name exists.
    """

    project = models.ForeignKey(Project, models.PROTECT, related_name="role_offers")
    username = models.CharField(_("user name"), max_length=80)
    role = models.CharField(_("role"), max_length=20, choices=Role.choices)
    offered_by = models.ForeignKey(Person, models.PROTECT, related_name="role_offers")
    created_at = models.DateTimeField(db_default=ClockTimestamp())
    expires_at = models.DateTimeField()
    declined_at = models.DateTimeField(null=True)  # told to nobody: to the project it waits until its time is over

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_offer_per_name_and_role", fields=["project", "username", "role"]),
        ]
        indexes = [models.Index(name="offers_by_name", fields=["username", "-id"])]

    def __str__(self) -> str:
        return f"{self.role} offered to {self.username}"


class OneTimeLink(models.Model):
    """Lets a person set a password once. Only the hash of the token is kept."""

    person = models.ForeignKey(Person, models.PROTECT)
    token_sha256 = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=ClockTimestamp())

    def __str__(self) -> str:
        return f"link for {self.person}"


class Scope(models.TextChoices):
    """What a service token may be for; projects.policy says which permission each gives."""

    IMPORT = "import", _("import")
    PRELABEL = "prelabel", _("pre-label")
    EXPORT = "export", _("export")
    MONITOR = "monitor", _("monitor")


class ServiceToken(models.Model):
    """Lets a program into one project for named scopes, until it expires. Only the hash of its secret is kept.

    Invariants: token_expires_within_a_year, token_has_known_scopes.
    """

    LONGEST = timedelta(days=365)

    project = models.ForeignKey(Project, models.PROTECT, related_name="tokens")
    name = models.CharField(_("name"), max_length=80)
    prefix = models.CharField(max_length=12, unique=True)  # public: finds the row, stands in lists and in the audit log
    sha256 = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=10, choices=Scope.choices))
    created_by = models.ForeignKey(Person, models.PROTECT, related_name="tokens")
    created_at = models.DateTimeField(db_default=ClockTimestamp())
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="token_expires_within_a_year", condition=Q(expires_at__lte=F("created_at") + timedelta(days=365))
            ),
            models.CheckConstraint(
                name="token_has_known_scopes",
                condition=Q(scopes__contained_by=["import", "prelabel", "export", "monitor"], scopes__len__gt=0),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"


class GuessCount(models.Model):
    """How often a password was tried wrongly under one key of projects.login_throttling. The key is keyed: it tells no name."""

    key = models.CharField(max_length=64, primary_key=True)
    failures = models.PositiveIntegerField()
    last_at = models.DateTimeField()
    until = models.DateTimeField(null=True)  # no further try before then

    def __str__(self) -> str:
        return f"{self.failures} failures"


class HourlyCount(models.Model):
    """How many of one kind a person has made in the hour that began at `since` (projects.allowances)."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=40)
    since = models.DateTimeField()
    made = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(name="one_count_per_person_and_kind", fields=["person", "kind"])]

    def __str__(self) -> str:
        return f"{self.made} {self.kind}"


class AuditEvent(models.Model):
    """What someone did, written in the transaction that did it. Append-only.

    `detail` names people by the number that `object_id` names them by, never by name, and no address in clear. It ends by time,
    through a door (sql/forgetting.sql).
    """

    append_only = True

    at = models.DateTimeField(db_default=ClockTimestamp())
    actor = models.ForeignKey(Person, models.PROTECT, null=True)
    project = models.ForeignKey(Project, models.PROTECT, null=True)
    act = models.CharField(max_length=60)
    object_kind = models.CharField(max_length=40, blank=True)
    object_id = models.CharField(max_length=60, blank=True)
    detail = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(name="audit_by_project", fields=["project", "-id"]),
            models.Index(name="refusals_lately", fields=["actor", "at"], condition=Q(act="request.refused")),
            models.Index(name="audit_details_by_time", fields=["at"], condition=~Q(detail={})),
        ]

    def __str__(self) -> str:
        return f"{self.act} {self.object_kind} {self.object_id}"
