"""Judgment lists for learning to rank, as RankLib, Elasticsearch and OpenSearch read them: `4 qid:1 # 7555 Rambo`.

The lines `# qid:1: rambo` name the queries. Without them the comment of a judgment has to: `query@title`, as the tools write
it beside features, or the query alone, which is then the same on all lines of a query.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalogue.importing.meaning.presets import PAIRS, Preset
from catalogue.importing.reading.rows import Broken, FileRefused, Row, digest
from catalogue.importing.reasons import because
from catalogue.importing.shapes.shape import LineShape

MOST_QUERIES = 200_000  # that lines name, which are held
_NAMED = re.compile(r"#\s*qid:\s*(\S+?)\s*:\s*(.*\S)\s*")
_JUDGED = re.compile(r"(-?\d+(?:\.\d+)?)\s+qid:(\S+)((?:\s+\d+:\S+)*)\s*(?:#\s*(.*))?")


def recognised(lines: Sequence[str]) -> bool:
    said = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    judged = sum(_JUDGED.fullmatch(line.strip()) is not None for line in said)
    return 2 * judged > len(said)  # nothing else looks like it, so that a line may be broken


def read(head: Sequence[str], lines: Iterator[tuple[int, str]]) -> Iterator[Row | Broken]:
    queries: dict[str, str] = {}
    comments = _Comments(head)
    for number, line in lines:
        text = line.strip()
        if named := _NAMED.fullmatch(text):
            queries[named[1]] = named[2]
            if len(queries) > MOST_QUERIES:
                raise FileRefused(_("The file names more than %(most)s queries.") % {"most": MOST_QUERIES})
        elif judged := _JUDGED.fullmatch(text):
            grade, qid, _features, comment = judged.groups()
            values = {"qid": qid, "grade": grade, **comments.read(comment or "", queries.get(qid))}
            yield Row(number, values, len(line.encode()), digest(line.encode()))
        elif text and not text.startswith("#"):
            yield Broken(
                number, because("no judgment: a grade and qid: open the line"), text[:4000], digest(line.encode())
            )


class _Comments:
    """What stands behind `#`, as the first lines show."""

    def __init__(self, head: Sequence[str]) -> None:
        texts: dict[str, set[str]] = {}
        judged = [found for line in head if (found := _JUDGED.fullmatch(line.strip()))]
        for one in judged:
            texts.setdefault(one[2], set()).add(_id_and_text(one[4] or "")[1])
        alone = all(len(said) == 1 and "" not in said for said in texts.values()) and len(judged) > len(texts)
        before = [{text.partition("@")[0] for text in said} for said in texts.values()]
        marked = all("@" in text for said in texts.values() for text in said) and all(len(one) == 1 for one in before)
        self._is_query, self._is_both = alone and not marked, marked
        named = any(_NAMED.fullmatch(line.strip()) for line in head)
        if not any(_id_and_text(one[4] or "")[0] for one in judged):
            raise FileRefused(
                _(
                    "This is a judgment list for learning to rank, but its lines name no items. Write them: 4 qid:1 # ITEM"
                )
            )
        if not (named or alone or marked):
            raise FileRefused(
                _(
                    "This is a judgment list for learning to rank, but it does not say what its queries are. "
                    "Write them above the judgments, a line for each: # qid:1: the query"
                )
            )

    def read(self, comment: str, query: str | None) -> dict[str, Any]:
        item, text = _id_and_text(comment)
        if query is None and self._is_both:
            query, _sign, text = text.partition("@")
        elif query is None and self._is_query:
            query, text = text, ""
        elif query is not None:
            text = text.removeprefix(f"{query}@")
        return {"query": query, "item": item, **({"title": text} if text else {})}


def _id_and_text(comment: str) -> tuple[str, str]:
    item, _sign, text = comment.strip().partition("\t" if "\t" in comment.strip() else " ")
    return item.strip(), text.strip()


LIST = LineShape(
    Preset(
        "ltr_judgments",
        gettext_lazy("judgment list for learning to rank: 4 qid:1 # ITEM"),
        frozenset({PAIRS}),
        {"query": "query", "item": "item_id", "title": "title", "grade": "label"},
    ),
    recognised,
    read,
)
