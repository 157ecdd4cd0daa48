"""One file of a known set alone, by its columns: what it looks like, and which files to bring with it."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from catalogue.importing.meaning.presets import plain_name


class PartHint(NamedTuple):
    """The columns that a part has and those that it has not, and what to say of it."""

    columns: frozenset[str]
    without: frozenset[str]
    says: str | Promise


def _hint(columns: str, without: str, says: str | Promise) -> PartHint:
    return PartHint(frozenset(columns.split(",")), frozenset(without.split(",")), says)


_HINTS = (
    _hint(
        "id,query id,product id,label",
        "query,product name,product title,title",
        gettext_lazy("This looks like WANDS label.csv: bring product.csv and query.csv with it."),
    ),
    _hint(
        "query id,query,query class",
        "product id,label",
        gettext_lazy("This looks like WANDS query.csv: bring label.csv and product.csv with it."),
    ),
    _hint(
        "product id,product name,product class",
        "query,query id",
        gettext_lazy(
            "This looks like WANDS product.csv: bring label.csv and query.csv with it, or import it as a catalogue."
        ),
    ),
    _hint(
        "query,product id,product locale,esci label",
        "product title,title",
        gettext_lazy("This looks like ESCI examples without products: bring the file of products with it."),
    ),
    _hint(
        "product id,product title,product locale",
        "query",
        gettext_lazy("This looks like ESCI products: bring the file of examples with it, or import it as a catalogue."),
    ),
    _hint(
        "product uid,product description",
        "search term,product title",
        gettext_lazy("This looks like Home Depot product_descriptions.csv: bring train.csv with it."),
    ),
    _hint(
        "product uid,name,value",
        "search term",
        gettext_lazy("This looks like Home Depot attributes.csv: bring train.csv with it."),
    ),
    _hint(
        "query id",
        "query,search term",
        gettext_lazy("The file names its queries by an id: bring the file with their texts with it."),
    ),
    _hint(
        "query id,query",
        "item id,product id,docid,doc id",
        gettext_lazy("The file holds queries with their ids: bring the file of pairs with it."),
    ),
)


def looks_like(columns: Collection[str]) -> str:
    """A sentence, or nothing where the columns are of no known part."""
    there = set(map(plain_name, columns))
    return next((str(one.says) for one in _HINTS if one.columns <= there and not one.without & there), "")
