"""Knowledge cards as they are written: a card per kind, key and locale, and every wording of it kept as a revision.

Whether a card is retired is for people to say: writing another wording neither retires a card nor brings it back.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from database.clock import ClockTimestamp
from inference.knowledge.index_terms import vector
from inference.models import KnowledgeCard, KnowledgeRevision
from projects import allowances, audit
from projects.allowances import Allowance
from projects.models import Person, Project
from relevance.facts import fold
from relevance.quoting import prompt_copy
from relevance.sanitising import storable

LONGEST_KEY = 300
LONGEST_TEXT = 2000
LONGEST_SOURCE = 200
LONGEST_LOCALE = 20
MOST_ITEMS = 50
LONGEST_ITEM = 200
MOST_CLICKS = 2**31 - 1
AT_ONCE = 1000  # cards written in one transaction
NEW, CHANGED, SAME = "new", "changed", "same"
_LOCALE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*")

Identity: TypeAlias = tuple[str, str, str]
CARDS = Allowance("knowledge.card", 1000, gettext_lazy("changes of knowledge cards"))


class CardRefused(ValueError):
    """What a card may not say: the field, and the reason for people."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field, self.reason = field, reason


@dataclass(frozen=True)
class Written:
    """What a card says. `item_ids` and `clicks` belong to top-clicked items. Make one with `written`."""

    kind: str
    key: str
    text: str
    locale: str = ""
    source: str = ""
    item_ids: tuple[str, ...] = ()
    clicks: int | None = None

    @property
    def identity(self) -> Identity:
        return self.kind, fold(self.key), self.locale


def written(
    kind: str,
    key: str,
    text: str,
    *,
    locale: str = "",
    source: str = "",
    item_ids: Iterable[str] = (),
    clicks: int | None = None,
) -> Written:
    """The card as it will be stored: storable, without spaces around, within the caps; raises CardRefused."""
    said = Written(
        kind=kind.strip().casefold(),
        key=" ".join(prompt_copy(key).split()),
        text=storable(text).strip(),
        locale=locale.strip().replace("_", "-"),
        source=storable(source).strip(),
        item_ids=tuple(dict.fromkeys(name for one in item_ids if (name := storable(one).strip()))),
        clicks=clicks,
    )
    _check(said)
    return said


def _check(said: Written) -> None:
    if said.kind not in KnowledgeCard.Kind.values:
        raise CardRefused("kind", _("must be one of: %(kinds)s") % {"kinds": ", ".join(KnowledgeCard.Kind.values)})
    if not said.key or not fold(said.key):
        raise CardRefused("key", _("is empty"))
    if not said.text:
        raise CardRefused("text", _("is empty"))
    if said.locale and not _LOCALE.fullmatch(said.locale):
        raise CardRefused("locale", _("must be a language code such as en, zh or en-GB"))
    for field, value, most in (
        ("key", said.key, LONGEST_KEY),
        ("key", fold(said.key), LONGEST_KEY),
        ("text", said.text, LONGEST_TEXT),
        ("locale", said.locale, LONGEST_LOCALE),
        ("source", said.source, LONGEST_SOURCE),
        *(("item_ids", one, LONGEST_ITEM) for one in said.item_ids),
    ):
        if len(value) > most:
            raise CardRefused(field, _("is longer than %(most)s characters") % {"most": most})
    if len(said.item_ids) > MOST_ITEMS:
        raise CardRefused("item_ids", _("names more than %(most)s items") % {"most": MOST_ITEMS})
    if said.clicks is not None and not 0 <= said.clicks <= MOST_CLICKS:
        raise CardRefused("clicks", _("must be a whole number from 0 to %(most)s") % {"most": MOST_CLICKS})


def add_or_change(
    project: Project, said: Written, by: Person | None, *, seen: int | None = None
) -> tuple[KnowledgeCard, str]:
    """A new card, or another wording of the one with this kind, key and locale: "new", "changed" or "same".

    `seen` is the revision that the writer had before them, 0 for none; raises CardRefused where the card has moved on.
    """
    with transaction.atomic():
        if by is not None:
            allowances.spend(CARDS, by)
        (card, outcome), *_others = _write(project, [said], by)
        if seen is not None and outcome != SAME and card.revision != seen + 1:
            raise CardRefused("", _moved_on(seen))
        if outcome != SAME:
            audit.record(by, "knowledge.written", project=project, on=card, key=card.key, revision=card.revision)
    return card, outcome


def _moved_on(seen: int) -> str:
    if seen:
        return _("Someone else changed this card meanwhile. Look at its history, then write yours again.")
    return _("There is a card of this kind with this key and language already. Open it and change it there.")


def write_all(
    project: Project,
    cards: Iterable[Written],
    by: Person | None,
    *,
    origin: str,
    written_so_far: Callable[[Counter[str]], None] = lambda _counts: None,
) -> Counter[str]:
    """Many cards, `AT_ONCE` to a transaction with one audit event: how many were new, changed and same. `written_so_far` is
    told so within each transaction."""
    counts: Counter[str] = Counter()
    for some in _chunks(cards):
        with transaction.atomic():
            part = Counter(outcome for _card, outcome in _write(project, some, by))
            if part[NEW] or part[CHANGED]:
                audit.record(
                    by,
                    "knowledge.imported",
                    project=project,
                    on=project,
                    origin=storable(origin)[-LONGEST_SOURCE:],
                    new=part[NEW],
                    changed=part[CHANGED],
                )
            counts.update(part)
            written_so_far(counts)
    return counts


def retire(card: KnowledgeCard, by: Person | None) -> None:
    """No query is told of it any more; it can be brought back."""
    _turn(card, by, retired=True)


def restore(card: KnowledgeCard, by: Person | None) -> None:
    _turn(card, by, retired=False)


def _turn(card: KnowledgeCard, by: Person | None, *, retired: bool) -> None:
    with transaction.atomic():
        _take_turns(card.project)
        card.refresh_from_db()
        if card.retired == retired:
            return
        card.retired, card.revision = retired, card.revision + 1
        card.save(update_fields=["retired", "revision"])
        _keep([card], by)
        audit.record(
            by, "knowledge.retired" if retired else "knowledge.restored", project=card.project, on=card, key=card.key
        )


def _write(project: Project, cards: Sequence[Written], by: Person | None) -> list[tuple[KnowledgeCard, str]]:
    """One transaction's cards, each identity once."""
    _take_turns(project)
    known = {_identity(card): card for card in _known(project, cards)}
    outcomes = []
    for said in cards:
        card = known.get(said.identity)
        outcome = NEW if card is None else SAME if _content(card) == _content(said) else CHANGED
        card = card or KnowledgeCard(
            project=project, kind=said.kind, key=said.key, key_folded=fold(said.key), locale=said.locale, revision=0
        )
        if outcome != SAME:
            card.text, card.source, card.clicks = said.text, said.source, said.clicks
            card.item_ids, card.revision = list(said.item_ids), card.revision + 1
            card.search = vector(card.key, card.text)
        outcomes.append((card, outcome))
    KnowledgeCard.objects.bulk_create([card for card, outcome in outcomes if outcome == NEW])
    changed = [card for card, outcome in outcomes if outcome == CHANGED]
    KnowledgeCard.objects.bulk_update(changed, ["text", "source", "clicks", "item_ids", "revision", "search"])
    _keep([card for card, outcome in outcomes if outcome != SAME], by)
    return outcomes


def _take_turns(project: Project) -> None:
    """Those who write cards of one project do so one after the other: an identity is never made twice."""
    # Without the lock two who write the same new card at once would both find none, and the second would fail.
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)


def _known(project: Project, cards: Sequence[Written]) -> QuerySet[KnowledgeCard]:
    keys = {said.identity[1] for said in cards}
    return KnowledgeCard.objects.filter(project=project, key_folded__in=keys).defer("search")


def _identity(card: KnowledgeCard) -> Identity:
    return card.kind, card.key_folded, card.locale


def _content(said: KnowledgeCard | Written) -> tuple[object, ...]:
    return said.text, said.source, tuple(said.item_ids), said.clicks


def _keep(cards: Sequence[KnowledgeCard], by: Person | None) -> None:
    """What each card says now, as its newest revision."""
    KnowledgeRevision.objects.bulk_create(
        KnowledgeRevision(
            card=card,
            number=card.revision,
            text=card.text,
            source=card.source,
            item_ids=card.item_ids,
            clicks=card.clicks,
            retired=card.retired,
            written_by=by,
        )
        for card in cards
    )
    KnowledgeCard.objects.filter(pk__in=[card.pk for card in cards]).update(updated_at=ClockTimestamp())


def _chunks(cards: Iterable[Written]) -> Iterator[list[Written]]:
    """A card that comes again opens the next chunk, so that its later wording is a change of the earlier one."""
    chunk: dict[Identity, Written] = {}
    for said in cards:
        if len(chunk) >= AT_ONCE or said.identity in chunk:
            yield list(chunk.values())
            chunk = {}
        chunk[said.identity] = said
    if chunk:
        yield list(chunk.values())
