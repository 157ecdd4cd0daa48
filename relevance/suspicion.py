"""Signs that an item's text talks to the judge instead of the shopper. Signals for people, never verdicts.

A heuristic can be walked around; what it flags goes to two people who see no model (DESIGN: suspected injection), and
what it misses still meets the fence, the letters and the schema of the prompt. Source: arXiv 2501.17969.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from relevance.facts import ItemFacts, PairFacts, fold

INJECTION = "suspected_injection"
STUFFING = "keyword_stuffing"
HIDDEN = "hidden_text"
LOOKED_AT = 20_000  # characters of an item
MOST_REPEATS = 4  # of a whole query in one item
MOST_HIDDEN = 8  # invisible characters in one item

# Folded text: an order to whoever reads, a grade named, or the tokens of a chat template.
_ORDERS = re.compile(
    r"(?:ignore|disregard|forget|override|skip)\s+(?:\w+\s+){0,3}(?:instruction|rule|prompt|guideline|above|previous|standard)"
    r"|(?:label|rate|grade|mark|score|classify|judge|answer|respond|output)\b[^.\n]{0,40}"
    r"\b(?:excellent|relevant|l[1-4]|highest|perfect|best match|exact match|top grade)"
    r"|\b(?:system|developer|assistant|admin)\s*(?:prompt|message|note|override)\b"
    r"|(?:note|message|attention|instruction)s?\s+(?:to|for)\s+(?:the\s+)?(?:ai|model|judge|rater|grader|annotator|assistant|llm)"
    r"|\bas an? (?:ai|language model|llm|relevance judge)\b"
    r"|\byou (?:must|should|are to)\b[^.\n]{0,40}\b(?:label|rate|grade|judge|answer)"
    r"|<\|\w+\|>|\[/?inst\]|<</?sys>>|</?(?:system|assistant|user|instructions?)>|\bend of (?:item|data|document)\b"
    r"|(?:忽略|无视|忘记|不要理会)\S{0,8}(?:指令|规则|说明|提示|以上|上述|之前|标准)"
    r"|(?:请|务必|必须|应当?)\S{0,6}(?:标注|标为|判为|判定|评为|打分|评分|回答|输出)\S{0,8}(?:优秀|相关|最高|满分|完全匹配|l[1-4])"
    r"|(?:系统|开发者|管理员)(?:提示|消息|指令)"
)


def suspicions(pair: PairFacts) -> tuple[str, ...]:
    """Codes of what looks odd about an item's text: an order to the judge, the query over and over, hidden characters."""
    texts = list(_texts(pair.item))
    seen = fold(_shown(" \n ".join(texts)))
    found = []
    if _ORDERS.search(seen):
        found.append(INJECTION)
    query = fold(pair.query)
    if len(query) >= 4 and seen.count(query) > MOST_REPEATS:
        found.append(STUFFING)
    if sum(unicodedata.category(sign) == "Cf" for text in texts for sign in text) > MOST_HIDDEN:
        found.append(HIDDEN)
    return tuple(found)


def _texts(item: ItemFacts) -> Iterator[str]:
    left = LOOKED_AT
    for text in (
        item.title,
        item.category,
        item.shop,
        *item.selling_points,
        item.caption,
        item.picture_words,
        *(f"{name}: {value}" for name, value in item.cpv),
        *(sku.name for sku in item.skus),
        item.description,
    ):
        if left <= 0:
            return
        yield text[:left]
        left -= len(text)


def _shown(text: str) -> str:
    """Without characters that nobody sees and that would hide an order from the pattern; tag letters made plain."""
    plain = (chr(ord(sign) - 0xE0000) if 0xE0020 <= ord(sign) <= 0xE007E else sign for sign in text)
    return "".join(sign for sign in plain if unicodedata.category(sign) != "Cf")
