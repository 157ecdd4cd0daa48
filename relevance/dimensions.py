"""The 18 dimensions of a query's demand: one list for constraints, rules and mismatches.

The list follows the demand schema of LORE (arXiv 2512.03025); the names shown to people stand
here in both languages so that a chain stored as data can be read in either.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Dimension(StrEnum):
    CATEGORY = "category"
    BRAND = "brand"
    MODEL = "model"
    AUDIENCE = "audience"
    SPECIFICATION = "specification"
    PRICE = "price"
    MATERIAL = "material"
    COLOUR = "colour"
    STYLE_DETAILS = "style_details"
    AESTHETIC_STYLE = "aesthetic_style"
    SEASON = "season"
    YEAR = "year"
    SET_SINGLE = "set_single"
    MAIN_ACCESSORY = "main_accessory"
    STORE = "store"
    FUNCTION = "function"
    IP_PERSON = "ip_person"
    SPECIAL = "special_attribute"


DIMENSION_NAMES: Mapping[Dimension, Mapping[str, str]] = {
    Dimension.CATEGORY: {"en": "category", "zh": "品类"},
    Dimension.BRAND: {"en": "brand", "zh": "品牌"},
    Dimension.MODEL: {"en": "model or series", "zh": "型号/系列"},
    Dimension.AUDIENCE: {"en": "audience", "zh": "适用人群"},
    Dimension.SPECIFICATION: {"en": "specification", "zh": "规格"},
    Dimension.PRICE: {"en": "price", "zh": "价格"},
    Dimension.MATERIAL: {"en": "material", "zh": "材质"},
    Dimension.COLOUR: {"en": "colour", "zh": "颜色"},
    Dimension.STYLE_DETAILS: {"en": "style details", "zh": "款式细节"},
    Dimension.AESTHETIC_STYLE: {"en": "aesthetic style", "zh": "风格"},
    Dimension.SEASON: {"en": "season", "zh": "季节"},
    Dimension.YEAR: {"en": "year", "zh": "年份"},
    Dimension.SET_SINGLE: {"en": "set or single", "zh": "套装/单品"},
    Dimension.MAIN_ACCESSORY: {"en": "main item or accessory", "zh": "主商品/配件"},
    Dimension.STORE: {"en": "store", "zh": "店铺"},
    Dimension.FUNCTION: {"en": "function", "zh": "功能"},
    Dimension.IP_PERSON: {"en": "character or person", "zh": "IP/人物"},
    Dimension.SPECIAL: {"en": "special attribute", "zh": "特殊属性"},
}
