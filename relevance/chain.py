"""The structured chain of thought behind a label, and its one strict parser.

A chain is data, rendered by templates in the reader's language. What a model wrote either parses completely
or is `Invalid` with a reason: nothing is repaired, guessed or coerced. Knows nothing of prompts and engines.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Literal, NoReturn

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from relevance.cells import Source, Verdict
from relevance.dimensions import Dimension
from relevance.sanitising import storable, storable_value

MAX_BYTES = 256 * 1024
_DETAIL = 300
_THOUGHTS, _END_OF_THOUGHTS = "<think>", "</think>"
_LENIENT = json.JSONDecoder(strict=False)  # only finds where an object ends; parse_chain reads it
# PostgreSQL stores neither, in text or in JSONB

Label = Literal["L1", "L2", "L3", "L4"]
LABELS: tuple[Label, ...] = ("L1", "L2", "L3", "L4")
Reason = Literal[
    "prose",
    "not_json",
    "schema",
    "label",
    "two_labels",
    "no_label",
    "too_large",
    "unknown_rule",
    "mismatch_missing",
    "nonce",
    "length",
]


_Sane = BeforeValidator(storable_value)
Phrase = Annotated[str, _Sane, Field(strict=True, max_length=300)]
NonEmptyPhrase = Annotated[str, _Sane, Field(strict=True, min_length=1, max_length=300)]
RuleCode = Annotated[str, Field(strict=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$")]


class Intent(StrEnum):
    """What the shopper is after, as a code; templates say it in words."""

    ITEM = "item"  # one kind of thing
    ITEM_WITH_ATTRIBUTES = "item_with_attributes"  # one kind of thing, narrowed
    BRAND = "brand"  # anything of a brand
    MODEL = "model"  # one particular model or series
    ACCESSORY = "accessory"  # something for a main item
    STORE = "store"  # a shop
    THEME = "theme"  # a character, person, occasion or style
    UNCLEAR = "unclear"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_serialization_defaults_required=True)


class ConstraintStep(_Part):
    """One demand of the query: the literal piece of it, and the normalised value."""

    text: NonEmptyPhrase
    dimension: Dimension
    value: Phrase = ""
    negated: Annotated[bool, Field(strict=True)] = False


class PathStep(_Part):
    """One comparison: where the item answers a constraint, how, and with which words."""

    constraint: NonEmptyPhrase
    dimension: Dimension
    source: Source
    verdict: Verdict
    literal: Phrase = ""


class Chain(_Part):
    """Entity, intent, constraints, path comparison, rules fired, label; in the order of the thought."""

    entity: Phrase
    intent: Intent
    constraints: Annotated[tuple[ConstraintStep, ...], Field(max_length=64)]
    path: Annotated[tuple[PathStep, ...], Field(max_length=256)]
    rules: Annotated[tuple[RuleCode, ...], Field(max_length=64)]
    label: Label
    mismatch: Dimension | None = None

    @model_validator(mode="after")
    def _only_a_mismatch_names_its_dimension(self) -> Chain:
        if (self.label == "L2") != (self.mismatch is not None):
            raise ValueError("a mismatch dimension belongs to L2, and to L2 alone")
        return self


@dataclass(frozen=True)
class Invalid:
    """Why a text is no chain: a code to count by and a bounded detail for people. It has no label."""

    reason: Reason
    detail: str = ""


# Serialisation mode lists every field as required: a constrained decoder leaves none out. That L2, and only
# L2, names a mismatch is left to the parser, since few decoders honour conditions.
CHAIN_SCHEMA: dict[str, Any] = Chain.model_json_schema(mode="serialization")


def chain_json(chain: Chain) -> str:
    """The chain as one line of JSON: same chain, same bytes."""
    return json.dumps(chain.model_dump(mode="json"), ensure_ascii=False, separators=(",", ":"))


def parse_chain(
    text: str | bytes,
    *,
    known_rules: Collection[str] | None = None,
    letters: Mapping[str, str] | None = None,
    nonce: str | None = None,
) -> Chain | Invalid:
    """The chain in `text`, which must be one JSON object and nothing else; or why there is none.

    With `letters` (letter -> label) the label must be one of the letters; with `nonce` the answer must repeat it.
    """
    if _byte_length(text) > MAX_BYTES:
        return Invalid("too_large", f"more than {MAX_BYTES} bytes")
    try:
        answer, repeated = _load(_text(text))
    except (ValueError, RecursionError) as error:
        return _invalid("not_json", str(error))
    if isinstance(answer, dict) and nonce is not None and answer.pop("nonce", None) != nonce:
        return Invalid("nonce", "the answer does not repeat the code it was asked with")
    if isinstance(answer, dict) and letters is not None:
        if (refusal := _letter_refusal(answer.get("label"), repeated, letters)) is not None:
            return refusal
        answer["label"] = letters[answer["label"]]
    return _refusal(answer, repeated) or _chain(answer, known_rules)


def lone_object(text: str) -> str | Invalid:
    """The one JSON object of an answer that no schema held, without the thoughts, the fence and the words around it.

    Strict in what it takes for one: thoughts end once, no brace stands outside the object, and what is half is none.
    """
    if _byte_length(text) > MAX_BYTES:
        return Invalid("too_large", f"more than {MAX_BYTES} bytes")
    thoughts, ends, answer = text.rpartition(_END_OF_THOUGHTS)
    if _END_OF_THOUGHTS in thoughts or (not ends and text.lstrip().startswith(_THOUGHTS)):
        return Invalid("not_json", "where its thoughts end is not clear")
    start = answer.find("{")
    if start < 0:
        return Invalid("prose", "there is no JSON object in the answer")
    try:
        _object, end = _LENIENT.raw_decode(answer, start)
    except (ValueError, RecursionError) as error:
        return _invalid("not_json", str(error))
    if "{" in answer[end:]:
        return Invalid("not_json", "there is more than one object in the answer")
    return answer[start:end]


def _letter_refusal(letter: object, repeated: list[str], letters: Mapping[str, str]) -> Invalid | None:
    if letter in (None, ""):
        return Invalid("no_label", "the answer has no label")
    if "label" in repeated:
        return Invalid("two_labels", "repeated key 'label'")
    if not isinstance(letter, str) or letter not in letters:
        return _invalid("label", f"{str(letter)[:40]!r} is none of {', '.join(sorted(letters))}")
    return None


def _chain(answer: object, known_rules: Collection[str] | None) -> Chain | Invalid:
    try:
        chain = Chain.model_validate(answer)
    except ValidationError as error:
        return _invalid("schema", _first_error(error))
    unknown = [] if known_rules is None else [code for code in chain.rules if code not in known_rules]
    return _invalid("unknown_rule", ", ".join(unknown)) if unknown else chain


def _refusal(answer: object, repeated: list[str]) -> Invalid | None:
    """What can be said of the label before the rest is looked at."""
    if not isinstance(answer, dict):
        return Invalid("schema", "the answer is not an object")
    if repeated:
        return _invalid("two_labels" if "label" in repeated else "schema", f"repeated key {repeated[0]!r}")
    label = answer.get("label")
    if label is None or label == "":
        return Invalid("no_label", "the answer has no label")
    if label not in LABELS:
        shown = repr(label) if isinstance(label, str) else f"a value of type {type(label).__name__}"
        return _invalid("label", f"{shown} is none of {', '.join(LABELS)}")
    if label == "L2" and answer.get("mismatch") in (None, ""):
        return Invalid("mismatch_missing", "L2 names no mismatch dimension")
    return None


def _load(text: str) -> tuple[object, list[str]]:
    """The decoded JSON and the keys that some object in it repeats, which json.loads would silently merge."""
    repeated: list[str] = []

    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        seen = dict(pairs)
        if len(seen) < len(pairs):
            repeated.extend(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)
        return seen

    # strict=False: constrained decoders are known to emit raw control characters inside strings
    return json.loads(text, object_pairs_hook=once, parse_constant=_no_constant, strict=False), repeated


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _byte_length(text: str | bytes) -> int:
    # three bytes for a lone surrogate; a text too long in characters is not encoded at all
    if isinstance(text, str) and len(text) <= MAX_BYTES:
        return len(text.encode("utf-8", "surrogatepass"))
    return len(text)


def _text(text: str | bytes) -> str:
    decoded = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return storable(decoded)


def _first_error(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"


def _invalid(reason: Reason, detail: str) -> Invalid:
    return Invalid(reason, storable(detail[:_DETAIL]))
