"""Rules, their immutable versions, rule base versions that pin a set of them, drafts of changes, and remarks.

Invariants: published_rules_are_frozen (append-only); a rule version published by people needs a second person.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from database.clock import ClockTimestamp
from projects.models import Person
from relevance.dimensions import Dimension
from relevance.identifiers import RULE_CODE, in_full
from relevance.rules import RuleSpec, parse_rule


class Rule(models.Model):
    """The identity of a rule over its versions: its code, such as R-117, is what people cite."""

    code = models.CharField(max_length=20, unique=True)
    owner = models.ForeignKey(Person, models.PROTECT, null=True, blank=True)
    created_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [
            models.CheckConstraint(name="rule_code_is_a_code", condition=Q(code__regex=in_full(RULE_CODE))),
        ]

    def __str__(self) -> str:
        return self.code


class RuleVersion(models.Model):
    """What a rule said from one publication on. `body` is the rule in the pack's data form (docs/rules.md)."""

    append_only = True

    class Origin(models.TextChoices):
        PACK = "pack", _("shipped pack")
        PEOPLE = "people", _("people")

    rule = models.ForeignKey(Rule, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    dimension = models.CharField(max_length=30, choices=[(d.value, d.value) for d in Dimension])
    body = models.JSONField()
    body_sha256 = models.CharField(max_length=64)
    origin = models.CharField(max_length=10, choices=Origin.choices)
    author = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    approver = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_version_per_rule_and_number", fields=["rule", "number"]),
            models.CheckConstraint(
                name="publishing_needs_a_second_person",
                condition=Q(origin="pack")
                | (Q(author__isnull=False, approver__isnull=False) & ~Q(approver=F("author"))),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule.code} v{self.number}"

    @property
    def spec(self) -> RuleSpec:
        return parse_rule({**self.body, "code": self.rule.code, "version": self.number})


class RuleBaseVersion(models.Model):
    """A numbered set of rule versions; what a page shows, a prompt uses and a label records."""

    append_only = True

    number = models.PositiveIntegerField(unique=True)
    note = models.CharField(max_length=200, blank=True)
    digest = models.CharField(max_length=64)
    versions = models.ManyToManyField(RuleVersion, related_name="rule_bases", through="RuleBaseEntry")
    created_at = models.DateTimeField(db_default=ClockTimestamp())

    def __str__(self) -> str:
        return f"rule base {self.number}"


class RuleBaseEntry(models.Model):
    append_only = True

    rule_base = models.ForeignKey(RuleBaseVersion, models.PROTECT, related_name="entries")
    rule = models.ForeignKey(Rule, models.PROTECT)
    version = models.ForeignKey(RuleVersion, models.PROTECT)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_version_of_a_rule_per_rule_base", fields=["rule_base", "rule"]),
        ]

    def __str__(self) -> str:
        return f"{self.rule_base_id}: {self.rule_id}"


class RuleDraft(models.Model):
    """A set of changes to the rules of one rule base version, from the first idea to its publication as the next."""

    class State(models.TextChoices):
        OPEN = "open", _("open")
        REVIEW = "review", _("in review")
        PUBLISHED = "published", _("published")
        WITHDRAWN = "withdrawn", _("withdrawn")

    title = models.CharField(_("title"), max_length=120)
    why = models.TextField(_("why"), blank=True)
    base = models.ForeignKey(RuleBaseVersion, models.PROTECT, related_name="drafts")
    author = models.ForeignKey(Person, models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    approver = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    returned = models.TextField(blank=True)  # what the second person wants changed
    override_reason = models.TextField(blank=True)  # why it was published although the replay set dropped
    published_as = models.ForeignKey(RuleBaseVersion, models.PROTECT, null=True, related_name="made_by")
    created_at = models.DateTimeField(db_default=ClockTimestamp())
    submitted_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.title


class DraftedRule(models.Model):
    """One rule as a draft wants it. `revision` grows with every save: a save of an older one is refused."""

    draft = models.ForeignKey(RuleDraft, models.PROTECT, related_name="rules")
    code = models.CharField(max_length=20)
    before = models.ForeignKey(RuleVersion, models.PROTECT, null=True)  # None: a rule that is new
    body = models.JSONField()
    retires = models.BooleanField(default=False)
    revision = models.PositiveIntegerField(default=1)
    updated_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    updated_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_change_per_draft_and_rule", fields=["draft", "code"]),
            models.CheckConstraint(name="drafted_rule_code_is_a_code", condition=Q(code__regex=in_full(RULE_CODE))),
        ]

    def __str__(self) -> str:
        return f"{self.code} in {self.draft}"


class DraftWriter(models.Model):
    """Who has ever had a hand in a draft: changed it, took a change back, or said that it was ready. Append-only: what somebody
    took back leaves no other trace in the draft, and makes it theirs all the same."""

    append_only = True

    draft = models.ForeignKey(RuleDraft, models.PROTECT, related_name="writers")
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [models.UniqueConstraint(name="one_hand_per_draft_and_person", fields=["draft", "person"])]

    def __str__(self) -> str:
        return f"{self.person} in {self.draft}"


class FindingAcknowledged(models.Model):
    """Who has looked at a finding of the linter about a draft: of exactly this content. Append-only."""

    append_only = True

    draft = models.ForeignKey(RuleDraft, models.PROTECT, related_name="acknowledged")
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    content = models.CharField(max_length=64)  # rules.drafting.digest_of_draft
    key = models.CharField(max_length=64)  # rules.findings.key
    kind = models.CharField(max_length=30)
    rules = models.CharField(max_length=200)  # codes with spaces between them
    at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_word_per_person_and_finding", fields=["draft", "person", "content", "key"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.rules}"


class RuleRemark(models.Model):
    """What anyone says about a rule: a comment, a question, or that it is unclear. Answers point to their question."""

    class Kind(models.TextChoices):
        COMMENT = "comment", _("comment")
        QUESTION = "question", _("question")
        UNCLEAR = "unclear", _("unclear")
        ANSWER = "answer", _("answer")

    rule = models.ForeignKey(Rule, models.PROTECT, related_name="remarks")
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.COMMENT)
    text = models.TextField(blank=True)
    about = models.CharField(max_length=200, blank=True)  # the address inside the product it was asked from
    answers = models.ForeignKey("self", models.PROTECT, null=True, related_name="replies")
    settled_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    settled_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        indexes = [
            models.Index(
                name="open_remarks_of_rule",
                fields=["rule", "-id"],
                condition=Q(settled_at__isnull=True, answers__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} on {self.rule_id}"
