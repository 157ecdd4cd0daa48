"""One foreign row becomes one record in our words, or is refused with the field and the reason. No database.

Texts are sanitised here and bounded here; otherwise they stay as the shop wrote them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any, NamedTuple

import orjson

from catalogue.importing.labels.label_reading import agreed, in_scale
from catalogue.importing.meaning import prices
from catalogue.importing.meaning.cells import EXACT_BELOW, name_values, plain, shown, size_of, structured, within
from catalogue.importing.meaning.places import Place, place_of
from catalogue.importing.meaning.predictions import ForeignPrediction, PredictionReader
from catalogue.importing.meaning.presets import PAIRS
from catalogue.importing.meaning.raters import RATING, Named, RaterReader, Rating
from catalogue.importing.meaning.rest_of_columns import RestOfColumns
from catalogue.importing.reading.rows import Rounded, Row, RowRefused
from catalogue.importing.reasons import because
from catalogue.importing.written_pictures import LARGEST, name_of
from relevance.dimensions import Dimension
from relevance.facts import fold, normalise_query
from relevance.labels import Scale
from relevance.sanitising import sanitise

FIELD_BYTES = 64 << 10
QUERY_BYTES = 2000  # an index entry holds no more
ID_LENGTH = 200
PRICE_LENGTH = 40
LOCALE_LENGTH = 20
_LENGTHS = {"locale": LOCALE_LENGTH, "currency": 20}
_DIMENSIONS = {dimension.value for dimension in Dimension}
_TRUE = {"true", "1", "yes", "y", "benchmark"}
_FALSE = {"", "false", "0", "no", "n"}
_NONE = (None, "")
_TOLD_ONCE = ("locale", "query", "item_id", "pair_id", "rater", "label")  # of other fields the first column counts
_BETWEEN_ADDRESSES = re.compile(r"[\s|,;]+(?=https?://)", re.IGNORECASE)
_SHORTENED = re.compile(
    r"\d(?:[.,]\d+)?E\+\d+", re.IGNORECASE
)  # how spreadsheets show a number of twelve digits and more
_PLANS = 200  # most files have one set of columns; a hostile one has another in every row


class SkuContent(NamedTuple):
    code: str
    name: str
    attributes: Named


class Content(NamedTuple):
    """What an item says: the fields of a snapshot. `images` are content hashes, `image_addresses` are yet to be fetched."""

    title: str
    category: str
    cpv: Named
    skus: tuple[SkuContent, ...]
    images: tuple[str, ...]
    shop: str
    description: str
    selling_points: tuple[str, ...]
    price: str
    image_addresses: tuple[str, ...] = ()

    def skus_json(self) -> list[dict[str, Any]]:
        return [{"code": sku.code, "name": sku.name, "attributes": sku.attributes} for sku in self.skus]

    def digest(self) -> str:
        """An item without addresses keeps the digest that it had before there were any."""
        said = tuple(self) if self.image_addresses else tuple(self)[:-1]
        return hashlib.sha256(orjson.dumps(said, default=tuple)).hexdigest()


class Record(NamedTuple):
    """A row in our words. `locale` is of the item and of the query. `standing`: what the item says already, by its digest, where
    the row names it and says nothing of it. `pictures` are names or addresses, still to be resolved;
    labels are codes of the project's scale."""

    row: int
    item_id: str
    content: Content
    pictures: tuple[str, ...]
    sanitised: int
    raw_sha256: str = ""
    query: str = ""
    locale: str = ""
    standing: str = ""
    pair_id: str = ""
    label: str = ""
    mismatch: str = ""
    ratings: tuple[Rating, ...] = ()
    predictions: tuple[ForeignPrediction, ...] = ()
    benchmark: bool = False
    labels_said: Named = ()  # its labels, gold and ratings: as the file writes them, as they are read


class Mapper:
    """Made once per file from what its columns mean. `by_item_id`: a row without a title names an item of the project.
    `locale`: of rows that name none."""

    def __init__(
        self,
        meaning: Mapping[str, str],
        kind: str,
        scale: Scale,
        labels: Mapping[str, str] | None = None,
        *,
        by_item_id: bool = False,
        rest: RestOfColumns | None = None,
        locale: str = "",
    ) -> None:
        """`labels`: what each value of a label becomes (label_consent); without it all are in the scale."""
        self.meaning, self.by_item_id, self.rest = meaning, by_item_id, rest
        self._columns: dict[str, list[str]] = {}
        for column, field in meaning.items():
            if field:
                self._columns.setdefault(field, []).append(column)
        self._kind, self._scale, self._locale = kind, scale, locale.strip()
        self._read = partial(in_scale, scale) if labels is None else partial(agreed, labels)
        self._raters, self._predictions = RaterReader(self._columns, self._label), PredictionReader(self._read)
        self._said: list[tuple[str, str]] = []
        self._plans: dict[tuple[str, ...], list[Place]] = {}

    def record(self, row: Row) -> Record:
        """The row's record; raises RowRefused."""
        values = self._values(row)
        texts = _Texts(values, storable=row.storable)
        item_id = texts.identity("item_id") or texts.needed("item_id")
        locale = texts.text("locale") or self._locale
        content = _content(texts, titled=not self.by_item_id, rest=self.rest.of(row) if self.rest else ())
        pictures = texts.pictures()
        if self._kind != PAIRS:
            return Record(row.number, item_id, content, pictures, texts.replaced, row.sha256, locale=locale)
        query = normalise_query(texts.needed("query"))
        if len(query.encode()) > QUERY_BYTES:
            raise RowRefused("query", because("longer than %(most)s bytes") % {"most": QUERY_BYTES})
        if (scale := texts.text("label_scale")) and scale != self._scale.name:
            reason = because("the labels of this import are in %(scale)s")
            raise RowRefused("label_scale", reason % {"scale": self._scale.name})
        self._said.clear()
        said = self._raters.read(values)
        return Record(
            row=row.number,
            item_id=item_id,
            content=content,
            pictures=pictures,
            query=query,
            locale=locale,
            pair_id=texts.identity("pair_id"),
            label=said.final,
            mismatch=_mismatch(texts),
            ratings=said.ratings,
            predictions=self._predictions.read(values),
            benchmark=_benchmark(texts),
            sanitised=texts.replaced,
            raw_sha256=row.sha256,
            labels_said=tuple(self._said),
        )

    def _label(self, value: Any, field: str) -> str:
        label = self._read(value, field)
        if label:
            self._said.append((plain(value), label))
        return label

    def _values(self, row: Row) -> dict[str, Any]:
        """Our field -> the first value that its columns have; of raters' own columns, all of them by column."""
        values: dict[str, Any] = {}
        for field, column, path in self._plan(tuple(row.values)):
            value = within(row.values, path) if path else row.values[column]
            if value in _NONE:
                continue
            if field in values and field != RATING:
                self._hold_to(field, values[field], value)
                continue
            if row.size > FIELD_BYTES and size_of(value) > (LARGEST if field == "images" else FIELD_BYTES):
                raise RowRefused(column, because("larger than 64 KiB"))
            if field == RATING:
                values.setdefault(field, {})[column] = value
            else:
                values[field] = value
        return values

    def _hold_to(self, field: str, first: Any, other: Any) -> None:
        """Without this a row whose columns name two locales, items or labels would go in as the first."""
        if field not in _TOLD_ONCE or plain(first).strip() == plain(other).strip():
            return
        if field == "label" and self._agree(first, other):
            return
        told = {"first": shown(first)[:20], "other": shown(other)[:20]}
        raise RowRefused(field, because("two columns say different things: %(first)s, %(other)s") % told)

    def _agree(self, first: Any, other: Any) -> bool:
        """Whether the second of two columns of a label is no label of the project's scale, or the one that the first is."""
        try:
            return in_scale(self._scale, other, "label") == self._read(first, "label")
        except RowRefused:
            return True

    def _plan(self, there: tuple[str, ...]) -> list[Place]:
        """The places of the columns that a row has; of two for one field the first comes first."""
        plan = self._plans.get(there)
        if plan is None:
            if len(self._plans) >= _PLANS:
                self._plans.clear()
            known = set(there)
            wanted = [(field, one) for field, columns in self._columns.items() for one in columns]
            plan = [place for field, one in wanted if (place := place_of(field, one, known))]
            self._plans[there] = plan
        return plan


class _Texts:
    """The values of one row as sanitised texts, counting what was replaced; nothing is where all are known storable."""

    def __init__(self, values: dict[str, Any], *, storable: bool) -> None:
        self._values = values
        self._storable = storable
        self.replaced = 0

    def text(self, field: str, most: int | None = None) -> str:
        value = self._values.get(field)
        if value is None:
            return ""
        text = self.clean(value).strip()
        most = most or _LENGTHS.get(field)
        if most and len(text) > most:
            raise RowRefused(field, because("longer than %(most)s characters") % {"most": most})
        return text

    def needed(self, field: str, most: int | None = None) -> str:
        text = self.text(field, most)
        if not text:
            raise RowRefused(field, because("missing"))
        return text

    def identity(self, field: str) -> str:
        """An id as it was meant. Without the refusals two products whose ids were cut to the same would become one."""
        value, replaced = self._values.get(field), self.replaced
        text = self.text(field, ID_LENGTH)
        if isinstance(value, bool | list | tuple | Mapping):
            raise RowRefused(field, because("neither a text nor a number"))
        if isinstance(value, Rounded) or (isinstance(value, float) and abs(value) >= EXACT_BELOW):
            raise RowRefused(field, because("a number this large has lost digits; write it as a text"))
        if _SHORTENED.fullmatch(text):
            reason = because(
                "a spreadsheet has shortened this number; format the column as text and save the file again"
            )
            raise RowRefused(field, reason)
        if self.replaced > replaced:
            raise RowRefused(field, because("holds characters that cannot be stored, so that two ids could become one"))
        return text

    def several(self, field: str) -> tuple[str, ...]:
        value = structured(self._values.get(field))
        if value is None:
            return ()
        parts = value if isinstance(value, list | tuple) else str(value).splitlines()
        return tuple(text for part in parts if (text := self.clean(part).strip()))

    def pictures(self) -> tuple[str, ...]:
        """Names and addresses: a list of texts or of objects, or several addresses in one text."""
        value = structured(self._values.get("images"))
        if value is None:
            return ()
        parts = value if isinstance(value, list | tuple) else [value] if isinstance(value, Mapping) else None
        if parts is not None:
            self._values["images"] = [name_of(one) if isinstance(one, Mapping) else one for one in parts]
        return tuple(one for text in self.several("images") for one in _BETWEEN_ADDRESSES.split(text))

    def named(self, field: str) -> Named:
        value = self._values.get(field)
        return self.pairs(value) if value is not None else ()

    def raw(self, field: str) -> Any:
        return self._values.get(field)

    def pairs(self, value: Any) -> Named:
        """Name and value from an object, a list of pairs or of {name, value}, or "name: value; name: value"."""
        found = []
        for name, one in value.items() if isinstance(value, dict) else name_values(structured(value)):
            text = self.clean(one).strip()
            if text and (clean_name := self.clean(name).strip()):
                found.append((clean_name, text))
        return tuple(found)

    def clean(self, value: Any) -> str:
        text = value if isinstance(value, str) else plain(value)
        if self._storable:
            return text
        text, replaced = sanitise(text)
        self.replaced += replaced
        return text


def _content(texts: _Texts, *, titled: bool, rest: Named) -> Content:
    attributes, skus = _attributes_and_skus(texts)
    return Content(
        title=texts.needed("title") if titled else texts.text("title"),
        category=_category(texts),
        cpv=_beside(_with_columns(attributes, texts), rest, texts),
        skus=skus,
        images=(),
        shop=texts.text("shop"),
        description=texts.text("description"),
        selling_points=texts.several("selling_points"),
        price=_price(texts),
    )


def _category(texts: _Texts) -> str:
    path = texts.raw("category")
    return " > ".join(texts.several("category")) if isinstance(path, list) else texts.text("category")


def _price(texts: _Texts) -> str:
    price = texts.clean(prices.price_said(texts.raw("price"))).strip()
    if not price and (cents := texts.text("price_cents")):
        price = prices.of_cents(cents)
    price = prices.with_currency(price, texts.text("currency"))
    if len(price) > PRICE_LENGTH:
        raise RowRefused("price", because("longer than %(most)s characters") % {"most": PRICE_LENGTH})
    return price


def _with_columns(attributes: Named, texts: _Texts) -> Named:
    """Brand, model and colour from columns of their own come first, unless the attributes name them already."""
    own = tuple((name, value) for name in ("brand", "model", "colour") if (value := texts.text(name)))
    if not own:
        return attributes
    there = {_folded(name) for name, _value in attributes}
    return tuple(pair for pair in own if pair[0] not in there) + attributes


def _beside(attributes: Named, rest: Named, texts: _Texts) -> Named:
    there = {_folded(name) for name, _value in attributes} if rest else set()
    return attributes + tuple(one for one in texts.pairs(rest) if _folded(one[0]) not in there)


_folded = lru_cache(maxsize=5000)(fold)  # a catalogue has few names for its attributes


def _attributes_and_skus(texts: _Texts) -> tuple[Named, tuple[SkuContent, ...]]:
    attributes, skus = texts.named("attributes"), _skus(texts.raw("skus"), texts)
    both = structured(texts.raw("cpv_sku"))
    if both is None:
        return attributes, skus
    parts = both if isinstance(both, dict) else {"cpv": both}
    by_name = {fold(str(name)): value for name, value in parts.items()}
    if by_name.keys() & {"cpv", "sku", "skus"}:
        skus += _skus(by_name.get("skus", by_name.get("sku")), texts)
        return attributes + texts.pairs(by_name.get("cpv")), skus
    return attributes + texts.pairs(parts), skus


def _skus(value: Any, texts: _Texts) -> tuple[SkuContent, ...]:
    value = structured(value)
    if value is None:
        return ()
    several = value if isinstance(value, list | tuple) else [value]
    return tuple(_sku(one, texts) for one in several if one not in _NONE)


def _sku(value: Any, texts: _Texts) -> SkuContent:
    if not isinstance(value, Mapping):
        return SkuContent("", texts.clean(value).strip(), ())
    code = next((value[name] for name in ("code", "sku", "sku_id", "id") if value.get(name) not in _NONE), "")
    known = {"code", "sku", "sku_id", "id", "name", "title", "attributes"}
    name = value.get("name") or value.get("title") or ""
    attributes = value.get("attributes") or {key: one for key, one in value.items() if key not in known}
    return SkuContent(texts.clean(code), texts.clean(name), texts.pairs(attributes))


def _mismatch(texts: _Texts) -> str:
    text = texts.text("mismatch")
    if not text:
        return ""
    dimension = fold(text).replace(" ", "_").replace("-", "_")
    if dimension not in _DIMENSIONS:
        raise RowRefused("mismatch", because("no dimension of ours: %(name)s") % {"name": text[:60]})
    return dimension


def _benchmark(texts: _Texts) -> bool:
    text = fold(texts.text("benchmark"))
    if text not in _TRUE and text not in _FALSE:
        raise RowRefused("benchmark", because("neither yes nor no"))
    return text in _TRUE
