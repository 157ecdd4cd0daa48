"""Known files: which columns they have, what these mean to us, and where their texts come from.

A preset carries source, licence and attribution, so it is chosen only for a file that bears its own marks; our own
field names alone (`lore`) claim no source. Ambiguity is an error that names the presets that fit.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalogue.importing.meaning.predictions import MODEL_NAME
from catalogue.importing.meaning.raters import RATER, RATER_LATER, RATING
from catalogue.importing.meaning.released_sets import RELEASED
from catalogue.importing.meaning.released_sets import Preset as Preset
from relevance.facts import fold

PAIRS = "pairs"
ITEMS = "items"


class NoPreset(ValueError):
    """No preset fits, or more than one; the message says which and how to choose."""


class SeveralFit(NoPreset):
    """More than one preset fits."""


@dataclass(frozen=True)
class ImportField:
    """A field of ours that a foreign column can mean. `needed` for the kinds of import that cannot do without it."""

    name: str
    label: str | Promise
    needed: frozenset[str] = frozenset()
    pairs_only: bool = False
    spellings: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """What a column of it may be called; that of a rater bears the rater's name, whatever that is, and a name of a model
        may be the item's."""
        return self.spellings if self.name in (RATING, MODEL_NAME) else (self.name, *self.spellings)


def _field(name: str, label: str | Promise, *spellings: str, needed: str = "", pairs_only: bool = False) -> ImportField:
    return ImportField(name, label, frozenset(needed.split()), pairs_only, spellings)


LOCALES = ("product_locale", "query_locale")  # a file may tell both
FIELDS: tuple[ImportField, ...] = (
    _field(
        "query",
        gettext_lazy("query"),
        *("search_term", "search_query", "query_text", "keyword"),
        *("搜索词", "查询", "查询词", "搜索", "关键词", "检索词"),
        needed=PAIRS,
        pairs_only=True,
    ),
    _field(
        "item_id",
        gettext_lazy("item id"),
        *(
            "product_id",
            "product_uid",
            "asin",
            "docid",
            "doc_id",
            "docno",
            "商品id",
            "商品编号",
            "商品编码",
            "产品id",
            "宝贝id",
        ),
        needed=f"{PAIRS} {ITEMS}",
    ),
    _field(
        "title",
        gettext_lazy("title"),
        *("product_title", "product_name", "item_title", "item_name"),
        *("标题", "商品标题", "商品名称", "产品名称", "宝贝标题"),
        needed=ITEMS,
    ),
    _field("pair_id", gettext_lazy("pair id"), "example_id", pairs_only=True),
    _field("locale", gettext_lazy("locale"), *LOCALES, "language", "lang", "market", "语言"),
    _field("description", gettext_lazy("description"), "product_description", "描述", "商品描述"),
    _field("selling_points", gettext_lazy("selling points"), "bullets", "product_bullet_point", "features", "卖点"),
    _field("category", gettext_lazy("category"), "category_hierarchy", "product_class", "类目", "商品类目", "分类"),
    _field(
        "attributes",
        gettext_lazy("attributes (CPV)"),
        *("cpv", "product_features", "properties", "specs", "属性", "商品属性"),
    ),
    _field("skus", gettext_lazy("SKUs"), "variants", "sku", "规格"),
    _field("cpv_sku", gettext_lazy("attributes and SKUs in one")),
    _field("shop", gettext_lazy("shop"), "shop_name", "seller", "store", "店铺", "店铺名称", "商家"),
    _field("price", gettext_lazy("price"), "product_price", "价格", "售价", "商品价格"),
    _field("price_cents", gettext_lazy("price in cents")),
    _field("currency", gettext_lazy("currency"), "price_currency", "currency_code", "币种", "货币"),
    _field("brand", gettext_lazy("brand"), "product_brand", "manufacturer", "品牌"),
    _field("model", gettext_lazy("model"), "model_name", "型号"),
    _field("colour", gettext_lazy("colour"), "color", "product_color", "颜色"),
    _field(
        "images",
        gettext_lazy("picture files or addresses"),
        "photos",
        "pictures",
        "image",
        "image_file",
        "image_url",
        "image_urls",
        "picture_url",
        *("图片", "图片链接", "图片地址", "主图"),
    ),
    _field(
        "label",
        gettext_lazy("final label (gold)"),
        *("esci_label", "grade", "relevance", "rel", "rating", "gold", "gold_label", "final_label"),
        *("标签", "最终标签", "标注", "相关性"),
        pairs_only=True,
    ),
    _field("mismatch", gettext_lazy("mismatch dimension"), "mismatch_dimension", pairs_only=True),
    _field("label_scale", gettext_lazy("label scale"), pairs_only=True),
    _field(
        "rater",
        gettext_lazy("who judged: the label is this rater's"),
        *("annotator", "annotator_id", "rater_id", "worker", "worker_id"),
        *("judge", "judge_id", "assessor", "assessor_id"),
        *("labeler", "labeller", "user", "user_id", "username", "completed_by", "标注人", "标注员", "评审员", "评估人"),
        pairs_only=True,
    ),
    _field("rating", gettext_lazy("a rater's label (the column is the rater)"), pairs_only=True),
    _field("ratings", gettext_lazy("people's ratings, all in one cell"), "judgments", pairs_only=True),
    _field(
        "prediction",
        gettext_lazy("a model's label (prediction)"),
        *("prediction_label", "predicted_label", "predicted", "pred_label", "pred", "model_label", "预测", "预测标签"),
        pairs_only=True,
    ),
    _field("score", gettext_lazy("a model's score"), "prediction_score", "model_score", "pred_score", pairs_only=True),
    _field(
        "posterior",
        gettext_lazy("a model's probability of each label"),
        *("probabilities", "probs", "label_probabilities"),
        pairs_only=True,
    ),
    _field(
        "model_name", gettext_lazy("name of the model that predicted"), "predicted_by", "model_version", pairs_only=True
    ),
    _field("predictions", gettext_lazy("several models' predictions, all in one cell"), pairs_only=True),
    _field("benchmark", gettext_lazy("benchmark query"), "is_benchmark", pairs_only=True),
    _field("source", gettext_lazy("source")),
    _field("licence", gettext_lazy("licence"), "license"),
    _field("attribution", gettext_lazy("attribution"), "credit"),
)
NAMES: Mapping[str, ImportField] = {known.name: known for known in FIELDS}
OWN: Mapping[str, str] = {word: word for word in NAMES if word in NAMES[word].words} | {
    "bullets": "selling_points",
    "grade": "label",
    RATER: RATER_LATER,
}


_SHARED = {
    "pair_id": "pair_id",
    "query": "query",
    "locale": "locale",
    "item_id": "item_id",
    "title": "title",
    "brand": "brand",
    "description": "description",
    "bullets": "selling_points",
    "category": "category",
    "attributes": "attributes",
    "label": "label",
    "grade": "label",
    "label_scale": "label_scale",
    "ratings": "ratings",
}
_SHARED_MARKS = frozenset(_SHARED.keys() - {"locale", "brand"} | {"query_id", "complete_item", "via"})
_ICECAT = "product data sourced from Icecat, Open Content License"


def _labelled(name: str, description: str | Promise, scale: str, marks: str, **origin: str) -> Preset:
    columns = _SHARED | ({"name": "model", "price_cents": "price_cents"} if name == "chorus" else {})
    return Preset(name, description, frozenset({PAIRS}), columns, _SHARED_MARKS | set(marks.split()), scale, **origin)


PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset(
            "lore",
            gettext_lazy("our own field names"),
            frozenset({PAIRS, ITEMS}),
            OWN,
            frozenset({"item_id"}),
        ),
        _labelled(
            "chorus",
            gettext_lazy("Chorus electronics: three raters and a final rating, 0 to 3"),
            "chorus-4",
            "name brand price_cents",
            source="querqy/chorus",
            licence="Apache-2.0 (ratings), Icecat Open Content License (product data)",
            attribution=_ICECAT,
        ),
        _labelled(
            "esci",
            gettext_lazy("Amazon Shopping Queries: Exact, Substitute, Complement, Irrelevant"),
            "esci-4",
            "",
            source="amazon-science/esci-data",
            licence="Apache-2.0",
            attribution="Amazon Shopping Queries Dataset (ESCI)",
        ),
        _labelled(
            "wands_graded",
            gettext_lazy("WANDS: Exact, Partial, Irrelevant"),
            "wands-3",
            "query_class",
            source="wayfair/WANDS",
            licence="MIT",
            attribution="WANDS, Wayfair Annotation Dataset",
        ),
        _labelled(
            "wands_binary",
            gettext_lazy("WANDS, relevant or not"),
            "binary",
            "query_class",
            source="wayfair/WANDS (sample of danimtk/chatGPT-goes-shopping)",
            licence="MIT",
            attribution="WANDS, Wayfair Annotation Dataset",
        ),
        _labelled(
            "wands_multirater",
            gettext_lazy("WANDS products, three people's yes or no"),
            "binary",
            "query_class attention_check rating_mean",
            source="rsrijith/qp-faith",
            licence="MIT",
            attribution="WANDS, Wayfair Annotation Dataset; ratings by rsrijith/qp-faith",
        ),
        Preset(
            "rair",
            gettext_lazy("RAIR field names"),
            frozenset({PAIRS}),
            {
                "query": "query",
                "title": "title",
                "item_id": "item_id",
                "groundtruth": "label",
                "shop_name": "shop",
                "cpv_sku": "cpv_sku",
            },
            frozenset({"query", "title", "item_id", "groundtruth"}),
        ),
        Preset(
            "icecat",
            gettext_lazy("Icecat catalogue items"),
            frozenset({ITEMS}),
            {
                "item_id": "item_id",
                "title": "title",
                "name": "model",
                "brand": "brand",
                "description": "description",
                "attributes": "attributes",
                "price_cents": "price_cents",
                "image_url": "images",
            },
            frozenset({"item_id", "title", "name", "brand", "attributes", "price_cents", "date_released"}),
            source="Icecat (as shipped with querqy/chorus)",
            licence="Icecat Open Content License",
            attribution=_ICECAT,
        ),
        Preset(
            "saleor",
            gettext_lazy("Saleor demo products with variants and photos"),
            frozenset({ITEMS}),
            {
                "product_id": "item_id",
                "title": "title",
                "category": "category",
                "description": "description",
                "attributes": "attributes",
                "variants": "skus",
                "photos": "images",
            },
            frozenset({"product_id", "product_type", "title", "variants", "photos"}),
            source="saleor/saleor",
            licence="BSD-3-Clause",
            attribution="Saleor Commerce",
        ),
        *RELEASED,
    )
}


def include(more: Iterable[Preset]) -> None:
    """Presets that are known elsewhere, into the one list (`catalogue.apps`)."""
    PRESETS.update({preset.name: preset for preset in more})


def fitting(columns: Collection[str], scales: Collection[str], kind: str) -> list[Preset]:
    """The presets whose marks the file bears; one that asks for less than another that fits is not listed."""
    there, plain = set(columns), set(map(plain_name, columns))
    able = [
        preset
        for preset in PRESETS.values()
        if preset.marks and kind in preset.kinds and (not preset.scale or set(scales) == {preset.scale})
    ]
    fit = [preset for preset in able if preset.marks <= there] or [
        preset for preset in able if set(map(plain_name, preset.marks)) <= plain
    ]
    return [one for one in fit if not any(one.marks < other.marks for other in fit)]


def detect(columns: Collection[str], scales: Collection[str], kind: str) -> Preset:
    """The one preset that fits; our own field names fit only where none that is needed is missing but the title."""
    fit = fitting(columns, scales, kind)
    if len(fit) > 1:
        names = ", ".join(preset.name for preset in fit)
        raise SeveralFit(_("Several presets fit: %(names)s. Name one (--preset NAME).") % {"names": names})
    if not fit or (fit[0].name == "lore" and kind == PAIRS and "query" not in map(plain_name, columns)):
        reason = _("No preset fits the columns %(columns)s. Say what they mean or name a preset: %(names)s (--preset).")
        raise NoPreset(reason % {"columns": ", ".join(sorted(columns)[:20])[:300], "names": ", ".join(names_for(kind))})
    return fit[0]


def names_for(kind: str) -> list[str]:
    return [preset.name for preset in PRESETS.values() if kind in preset.kinds]


def named(name: str, kind: str) -> Preset:
    preset = PRESETS.get(name)
    if preset is None or kind not in preset.kinds:
        raise NoPreset(
            _("There is no preset %(name)s for this kind of import; known: %(names)s.")
            % {"name": name[:60], "names": ", ".join(names_for(kind))}
        )
    return preset


def fields_for(kind: str) -> list[ImportField]:
    return [known for known in FIELDS if kind == PAIRS or not known.pairs_only]


def missing(meaning: Mapping[str, str], kind: str) -> list[ImportField]:
    """The needed fields that no column stands for."""
    return [known for known in fields_for(kind) if kind in known.needed and known.name not in meaning.values()]


def spellings_for(kind: str) -> dict[str, str]:
    """Each known name of a field, as it is compared, and the field."""
    found = {plain_name(word): known.name for known in fields_for(kind) for word in known.words}
    return {word.replace(" ", ""): name for word, name in found.items()} | found  # itemId


def plain_name(name: str) -> str:
    """The form in which names of columns are compared: `Item_ID`, `item-id` and `item id` are one."""
    return " ".join(fold(name).replace("_", " ").replace("-", " ").split())
