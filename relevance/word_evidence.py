"""From a query's words and an item read: which of the words are there, which are missing, and what stands there instead.

What such words are worth is learnt from labels (inference.distilled.fitting): that a missing "kids" weighs more than a missing
"cheap", that "case" beside an asked "phone" is another thing.
"""

from __future__ import annotations

from relevance.features import QueryWords, Read

MOST_QUERY, MOST_TITLE = 12, 40


def word_evidence(asked: QueryWords, read: Read) -> list[tuple[str, float]]:
    """(token, weight): m: met, u: unmet, t: title word not asked for, x: unmet beside such a one, n: attribute name."""
    query = list(dict.fromkeys(asked.words))[:MOST_QUERY]
    title = [word for word in dict.fromkeys(read.title[:MOST_TITLE]) if word not in query]
    unmet = [word for word in query if word not in read.title_set]
    return [
        *((f"m:{word}", 1.0) for word in query if word in read.title_set),
        *((f"u:{word}", 1.0) for word in unmet),
        *((f"t:{word}", 0.5) for word in title),
        *((f"x:{word}|{other}", 0.5) for word in unmet for other in title),
        *((f"n:{name}", 0.3) for name in sorted(read.profile)),
    ]
