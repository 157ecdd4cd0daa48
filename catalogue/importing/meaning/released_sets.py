"""Public labelled sets in the columns in which they are released: known by their columns alone, whichever file holds them.

What a preset is stands here, too, so that the table of all of them (`presets`) can hold these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

_PAIRS, _ITEMS = frozenset({"pairs"}), frozenset({"items"})


@dataclass(frozen=True)
class Preset:
    """`columns` maps the file's columns to our fields; of two columns for one field the first that has a value counts.

    A file bears the preset's marks when it has all `marks` as columns and its `label_scale` is `scale`; without marks it is
    known by its structure (`shapes`). `labels_in`: the
    scale that its labels are in by its very columns. `no_attributes`: further columns of it, between
    blanks, which say nothing of an item.
    """

    name: str
    description: str | Promise
    kinds: frozenset[str]
    columns: Mapping[str, str] = field(compare=False)
    marks: frozenset[str] = frozenset()
    scale: str = ""
    source: str = ""
    licence: str = ""
    attribution: str = ""
    labels_in: str = ""
    no_attributes: str = ""


_ESCI_PRODUCT = {
    "product_id": "item_id",
    "product_locale": "locale",
    "product_title": "title",
    "product_description": "description",
    "product_bullet_point": "selling_points",
    "product_brand": "brand",
    "product_color": "colour",
}
_WANDS_PRODUCT = {
    "product_id": "item_id",
    "product_name": "title",
    "category hierarchy": "category",
    "product_class": "category",
    "product_description": "description",
    "product_features": "attributes",
}
_WANDS_FIGURES = "rating_count average_rating review_count"
_ESCI = {
    "source": "amazon-science/esci-data",
    "licence": "Apache-2.0",
    "attribution": "Amazon Shopping Queries Dataset (ESCI)",
}
_WANDS = {"source": "wayfair/WANDS", "licence": "MIT", "attribution": "WANDS, Wayfair Annotation Dataset"}
_KAGGLE = "rules of the Kaggle competition"

RELEASED: tuple[Preset, ...] = (
    Preset(
        "esci_release",
        gettext_lazy("Amazon Shopping Queries as released: examples with their products"),
        _PAIRS,
        {"example_id": "pair_id", "query": "query", "esci_label": "label", **_ESCI_PRODUCT},
        frozenset({"query", "product_id", "product_locale", "product_title", "esci_label"}),
        labels_in="esci-4",
        no_attributes="query_id small_version large_version split",
        **_ESCI,
    ),
    Preset(
        "esci_examples",
        gettext_lazy("Amazon Shopping Queries as released: examples without their products"),
        _PAIRS,
        {
            "example_id": "pair_id",
            "query": "query",
            "esci_label": "label",
            "product_id": "item_id",
            "product_locale": "locale",
        },
        frozenset({"query", "product_id", "product_locale", "esci_label"}),
        labels_in="esci-4",
        no_attributes="query_id small_version large_version split",
        **_ESCI,
    ),
    Preset(
        "esci_products",
        gettext_lazy("Amazon Shopping Queries as released: products"),
        _ITEMS,
        _ESCI_PRODUCT,
        frozenset({"product_id", "product_locale", "product_title", "product_bullet_point"}),
        **_ESCI,
    ),
    Preset(
        "wands_release",
        gettext_lazy("WANDS as released: labels with their queries and products"),
        _PAIRS,
        {"id": "pair_id", "query": "query", "label": "label", **_WANDS_PRODUCT},
        frozenset({"query", "product_id", "product_name", "product_class", "label"}),
        labels_in="wands-3",
        no_attributes=f"query_id query_class {_WANDS_FIGURES}",
        **_WANDS,
    ),
    Preset(
        "wands_products",
        gettext_lazy("WANDS as released: products"),
        _ITEMS,
        _WANDS_PRODUCT,
        frozenset({"product_id", "product_name", "product_class", "category hierarchy"}),
        no_attributes=_WANDS_FIGURES,
        **_WANDS,
    ),
    Preset(
        "home_depot",
        gettext_lazy("Home Depot product search relevance: means of raters from 1 to 3"),
        _PAIRS,
        {
            "id": "pair_id",
            "product_uid": "item_id",
            "product_title": "title",
            "search_term": "query",
            "relevance": "label",
            "product_description": "description",
            "attributes": "attributes",
        },
        frozenset({"product_uid", "product_title", "search_term"}),
        source="Home Depot Product Search Relevance (Kaggle)",
        licence=_KAGGLE,
        attribution="The Home Depot, Kaggle",
    ),
    Preset(
        "crowdflower",
        gettext_lazy("CrowdFlower search results relevance: medians of raters from 1 to 4"),
        _PAIRS,
        {
            "id": "item_id",
            "query": "query",
            "product_title": "title",
            "product_description": "description",
            "median_relevance": "label",
        },
        frozenset({"id", "query", "product_title", "product_description", "median_relevance", "relevance_variance"}),
        no_attributes="relevance_variance",
        source="CrowdFlower Search Results Relevance (Kaggle)",
        licence=_KAGGLE,
        attribution="CrowdFlower, Kaggle",
    ),
)
