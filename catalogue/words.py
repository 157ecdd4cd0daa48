"""The words that pairs are found by, read by the worker after an import: never while one is under way, nor in a request.

Chinese is cut by jieba (relevance.segmenting). Beside its words a pair has the number of its block, so that the index can
be asked for a word among neighbouring pairs alone. A pair waits while it is not `findable`: the index of those is the list of
what is left to do. Items that read otherwise after a further import wait again (trigger item_reads_otherwise).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import transaction
from django.db.models import Q
from django.db.models.expressions import RawSQL

from catalogue.models import Import, Pair
from database.statements import lexeme, rows, run
from jobs.models import JobState
from relevance import segmenting
from relevance.facts import fold

TOGETHER = 1000
BLOCK_BITS = 13  # pairs of one block have neighbouring ids, 8192 of them at most


def asked(text: str) -> str:
    """What a person typed, as a tsquery: all its words, the last one perhaps unfinished; or an id, exactly."""
    found = [token.word for token in segmenting.tokens(fold(text))]
    terms = [lexeme(word) for word in found]
    if found and (len(found[-1]) > 1 or not found[-1].isascii()):
        terms[-1] += ":*"
    return " | ".join(filter(None, [" & ".join(terms), lexeme(_id(text))]))


def holding(tsquery: str, blocks: Sequence[int]) -> Q:
    """Pairs of any project in these blocks that hold what was asked."""
    near = " | ".join(lexeme(_block(block)) for block in blocks)
    # Without MATERIALIZED PostgreSQL may go through the pairs one by one and read the words of each: it does not know how few
    # pairs of a block hold them, and the index of words would be asked last instead of first.
    held = RawSQL(
        "WITH held AS MATERIALIZED (SELECT pair_id FROM catalogue_pairwords WHERE words @@ %s::tsquery)"
        " SELECT pair_id FROM held",
        [f"({near}) & ({tsquery})"],
    )
    first, last = min(blocks) << BLOCK_BITS, (max(blocks) + 1) << BLOCK_BITS
    return Q(pk__gte=first, pk__lt=last, pk__in=held)


def block_of(pair_id: int) -> int:
    return pair_id >> BLOCK_BITS


def _lexemes(pair_id: int, query: str, title: str, ids: Iterable[str]) -> str:
    """As a tsvector reads them. A colon stands in no word, so blocks and ids are never mistaken for one."""
    found = {*segmenting.words(query), *segmenting.words(title)}
    named = {_id(one) for one in ids if one}
    return " ".join(map(lexeme, {*found, *named, _block(block_of(pair_id))}))


def _block(number: int) -> str:
    return f"block:{number}"


def _id(text: str) -> str:
    return f"id:{text.strip()}"


def read_some(*, at_most: int = TOGETHER) -> int:
    """Make some of the waiting pairs findable; returns how many. Rows that somebody is working on are left for later."""
    with transaction.atomic():
        # Without the lock a pair whose item reads otherwise in this moment would be marked as findable by its old words; without
        # SKIP LOCKED this would wait for whoever is settling it.
        waiting = rows(
            """SELECT p.id, q.text, s.title, p.external_id, i.external_id FROM catalogue_pair p
               JOIN catalogue_query q ON q.id = p.query_id JOIN catalogue_item i ON i.id = p.item_id
               JOIN catalogue_snapshot s ON s.id = i.current_snapshot_id
               WHERE NOT p.findable ORDER BY p.project_id, p.id LIMIT %s FOR NO KEY UPDATE OF p SKIP LOCKED""",
            at_most,
        )
        if not waiting:
            return 0
        pairs = [row[0] for row in waiting]
        run(
            # Without DO UPDATE a pair whose item reads otherwise would fail, for it has words already.
            """INSERT INTO catalogue_pairwords (pair_id, words)
               SELECT * FROM unnest(%s::bigint[], %s::tsvector[]) AS n(pair, words)
               ON CONFLICT (pair_id) DO UPDATE SET words = EXCLUDED.words""",
            pairs,
            [_lexemes(pair, query, title, ids) for pair, query, title, *ids in waiting],
        )
        run(
            "UPDATE catalogue_pair SET findable = true WHERE id = ANY(%s::bigint[])",
            pairs,
        )
    return len(pairs)


def read_in_peace() -> int:
    """`read_some` while no import is under way: an import needs the processor more."""
    return 0 if Import.objects.filter(state=JobState.RUNNING).exists() else read_some()


def waits(project_id: int, *, more_than: int) -> bool:
    """Whether more than so many pairs of a project cannot be found by their words yet."""
    waiting = Pair.objects.filter(project=project_id, findable=False)
    return bool(waiting.order_by("pk")[more_than : more_than + 1])
