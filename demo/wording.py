"""How a demo item presents itself in its own language: title, attributes (CPV), SKUs, selling points, description.

Everything said here follows from the item's facts; nothing is added that a picture or a label could contradict.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from demo.catalogue import COLOURS, KINDS, DemoItem

MATERIALS_ZH: Mapping[str, str] = {
    "cotton": "纯棉", "linen": "亚麻", "polyester": "涤纶", "wool": "羊毛", "velvet": "丝绒", "leather": "真皮",
    "faux leather": "仿皮", "canvas": "帆布", "rubber": "橡胶", "ceramic": "陶瓷", "glass": "玻璃", "metal": "不锈钢",
    "wood": "实木", "plastic": "塑料", "silicone": "硅胶", "paper": "纸质",
}  # fmt: skip
_VALUES_ZH: Mapping[str, str] = {
    "women": "女士", "men": "男士", "kids": "儿童", "long": "长款", "short": "短款", "plain": "纯色", "striped": "条纹",
    "checked": "格纹", "floral": "碎花", "dotted": "波点", "summer": "夏季", "winter": "冬季", "autumn": "秋季",
    "square": "方形", "round": "圆形", "wireless": "无线蓝牙", "wired": "有线", "yes": "有", "no": "无",
}  # fmt: skip
_NAMES_ZH: Mapping[str, str] = {
    "brand": "品牌", "colour": "颜色", "material": "材质", "price": "价格", "audience": "适用人群", "length": "裙长",
    "sleeves": "袖长", "pattern": "图案", "season": "季节", "size": "尺码", "capacity": "容量", "pieces": "件数",
    "form": "形状", "pages": "页数", "year": "年份", "connection": "连接方式", "storage": "存储容量", "model": "型号",
    "compatible model": "适用机型", "function": "功能", "power": "供电", "armrests": "扶手", "pompom": "毛球",
    "straw": "吸管",
}  # fmt: skip
_POSSESSIVE = {"women": "Women's", "men": "Men's", "kids": "Kids'"}
_FUNCTIONS = {
    "insulated": ("insulated", "保温"),
    "waterproof": ("waterproof", "防水"),
    "dimmable": ("dimmable", "可调光"),
}
_PLAIN = ("audience", "length", "pattern", "season", "form", "connection", "pompom", "straw")
_SIZES: Mapping[str, tuple[str, ...]] = {"dress": ("S", "M", "L"), "t-shirt": ("S", "M", "L", "XL")}


def title(item: DemoItem) -> str:
    return _title_en(item) if item.language == "en" else _title_zh(item)


def _title_en(item: DemoItem) -> str:
    facts = item.facts
    words = [facts["brand"], _POSSESSIVE.get(facts.get("audience", ""), "")]
    words += [f"Set of {item.pieces}" if item.kind == "mug" and item.pieces > 1 else ""]
    words += [facts.get("length", ""), "long-sleeve" if facts.get("sleeves") == "long" else ""]
    words += [facts.get("pattern", "").replace("plain", ""), facts.get("form", "").replace("square", "")]
    words += [english for name, (english, _) in _FUNCTIONS.items() if item.has(name)]
    words += ["cordless" if facts.get("cord") == "no" else "", facts.get("connection", "")]
    words += [facts.get("year", ""), *_model_first(item), _noun_en(item)]
    tail = [*_measure_en(item), facts["colour"]]
    if item.kind != "phone":
        tail.append(_MATERIAL_EN.get(item.material, item.material))
    return f"{' '.join(word for word in words if word)}, {', '.join(tail)}"


_MATERIAL_EN = {"metal": "stainless steel"}


def _model_first(item: DemoItem) -> list[str]:
    return [item.facts["model"]] if item.kind == "phone" else []


def _noun_en(item: DemoItem) -> str:
    noun = KINDS[item.kind].en + ("s" if item.kind == "mug" and item.pieces > 1 else "")
    if item.kind == "phone case":
        return f"{noun} for {maker(item)} {item.facts['model']}"
    if item.has("pompom"):
        return f"{noun} with pompom"
    if item.has("straw"):
        return f"{noun} with straw"
    return f"{noun} with armrests" if item.has("arms") else noun


def maker(item: DemoItem) -> str:
    """Who makes the phone that a case fits."""
    return "墨知" if item.facts["model"] == "M3" else "Quillon"


def _measure_en(item: DemoItem) -> Iterator[str]:
    facts = item.facts
    if "capacity" in facts:
        yield measured(item, "capacity")
    if item.kind == "tea set":
        yield f"{item.pieces} pieces (teapot and {item.pieces - 1} cups)"
    if "storage" in facts or item.kind == "cushion":
        yield measured(item, "storage" if "storage" in facts else "size")


def measured(item: DemoItem, name: str) -> str:
    """A number with its unit."""
    number = item.facts[name]
    if name == "capacity":
        return f"{number} l" if item.kind == "backpack" else f"{number} ml"
    if name == "size" and item.kind == "cushion":
        return f"{number} cm"
    if name == "storage":
        return f"{number} GB"
    if name == "pieces":
        return f"{number} 件" if item.language == "zh" else f"{number} pcs"
    return f"{number} 码" if name == "size" and item.language == "zh" else number


def _title_zh(item: DemoItem) -> str:
    facts = item.facts
    words = [facts["brand"], f"{facts['year']}年" if "year" in facts else ""]
    words += [*_model_first(item), f"适用{facts['model']}" if item.kind == "phone case" else ""]
    words += [_VALUES_ZH[facts["season"]] if "season" in facts else ""]
    words += [_VALUES_ZH[facts["audience"]] if "audience" in facts else "", COLOURS[item.colour].zh]
    words += [MATERIALS_ZH[item.material] if item.kind != "phone" else ""]
    words += [_VALUES_ZH[facts["length"]] if "length" in facts else "", "长袖" if "sleeves" in facts else ""]
    words += [_VALUES_ZH[facts[name]] for name in ("pattern", "form", "connection") if name in facts]
    words += [chinese for name, (_, chinese) in _FUNCTIONS.items() if item.has(name)]
    words += ["充电式" if facts.get("cord") == "no" else "", "带毛球" if item.has("pompom") else ""]
    words += ["带扶手" if item.has("arms") else "", KINDS[item.kind].zh]
    words += [f" {item.pieces}件套" if item.pieces > 1 else ""]
    words += [f" {measured(item, name)}" for name in ("capacity", "storage") if name in facts]
    return "".join(words)


def attributes(item: DemoItem) -> dict[str, str]:
    """The facts under the names a catalogue of that language uses."""
    if item.language == "en":
        return dict(_attributes(item))
    return {_NAMES_ZH[name]: _VALUES_ZH.get(value, value) for name, value in _attributes(item)}


def _attributes(item: DemoItem) -> Iterator[tuple[str, str]]:
    facts, zh = item.facts, item.language == "zh"
    yield "brand", facts["brand"]
    yield "colour", COLOURS[item.colour].zh if zh else item.colour
    yield "material", MATERIALS_ZH[item.material] if zh else _MATERIAL_EN.get(item.material, item.material)
    yield from ((name, facts[name]) for name in _PLAIN if name in facts)
    if item.kind == "dress":
        yield "sleeves", ("长袖" if zh else "long sleeves") if "sleeves" in facts else "无袖" if zh else "sleeveless"
    yield from ((name, measured(item, name)) for name in ("size", "capacity", "storage", "pieces") if name in facts)
    yield from ((name, facts[name]) for name in ("pages", "year") if name in facts)
    if "model" in facts:
        fits = item.kind == "phone case"
        yield ("compatible model" if fits else "model"), f"{maker(item)} {facts['model']}" if fits else facts["model"]
    functions = [words[zh] for name, words in _FUNCTIONS.items() if item.has(name)]
    if functions:
        yield "function", ("、" if zh else ", ").join(functions)
    if "cord" in facts:
        yield "power", _power(item)
    if "arms" in facts:
        yield "armrests", facts["arms"]
    yield "price", facts["price"]


def _power(item: DemoItem) -> str:
    if item.language == "zh":
        return "插电" if item.has("cord") else "内置电池"
    return "mains, 1.8 m cord" if item.has("cord") else "built-in battery"


def skus(item: DemoItem) -> list[dict[str, object]]:
    """What can be put in the basket: one row per size where it comes in sizes."""
    zh = item.language == "zh"
    colour = COLOURS[item.colour].zh if zh else item.colour
    code = f"{''.join(word[0] for word in item.kind.replace('-', ' ').split()).upper()}{item.item_id[-3:]}"
    rows: list[dict[str, object]] = []
    for size in _SIZES.get(item.kind, ("",)):
        said = {"颜色" if zh else "colour": colour, **({"尺码" if zh else "size": size} if size else {})}
        name = " ".join(filter(None, (colour, size)))
        rows.append(
            {"sku": f"{code}-{item.colour.upper()}{'-' if size else ''}{size}", "name": name, "attributes": said}
        )
    return rows


_POINTS: Mapping[str, tuple[str, str]] = {
    "cotton": ("Soft cotton, washable at 40 °C", "柔软纯棉，可机洗"),
    "linen": ("Breathable linen", "亚麻透气"),
    "polyester": ("Dries quickly, needs no ironing", "速干免烫"),
    "wool": ("Warm wool, wash by hand", "羊毛保暖，建议手洗"),
    "velvet": ("Velvet with a short, dense pile", "丝绒短绒，手感细腻"),
    "leather": ("Full-grain leather that ages well", "头层真皮，越用越有味道"),
    "faux leather": ("Animal-free faux leather", "环保仿皮"),
    "canvas": ("Sturdy canvas", "耐磨帆布"),
    "rubber": ("Natural rubber with a deep tread", "天然橡胶，深纹防滑"),
    "ceramic": ("Glazed ceramic, dishwasher safe", "釉面陶瓷，可用洗碗机"),
    "glass": ("Heat-resistant glass", "耐热玻璃"),
    "metal": ("Stainless steel", "不锈钢材质"),
    "wood": ("Solid wood, oiled by hand", "实木打造，手工上油"),
    "plastic": ("Light and hard to break", "轻便耐摔"),
    "silicone": ("Soft silicone with a good grip", "亲肤硅胶，防滑手感"),
    "paper": ("Smooth 100 g paper", "100克道林纸，书写顺滑"),
}
_SERVICE = {"en": "Thirty days to change your mind", "zh": "七天无理由退换"}


def selling_points(item: DemoItem) -> list[str]:
    zh = item.language == "zh"
    material = "plastic" if item.kind == "phone" else item.material
    return [_POINTS[material][zh] if item.kind != "phone" else ("五年系统更新" if zh else "Five years of updates"),
            _SERVICE[item.language]]  # fmt: skip


_ROOMS: Mapping[str, tuple[str, str]] = {
    "Clothing": ("Cut for everyday wear.", "日常百搭的版型。"),
    "Shoes": ("True to size.", "标准码，按平时尺码选购。"),
    "Accessories": ("Knitted in one piece.", "一体编织。"),
    "Kitchen": ("Made for daily use at home or at the office.", "居家办公皆宜。"),
    "Home": ("A quiet piece for a calm room.", "简约耐看，融入家居。"),
    "Furniture": ("Comes flat-packed with everything needed to put it together.", "平板包装，附安装工具。"),
    "Bags": ("With a padded back and an inner pocket.", "背部加厚，内含隔层。"),
    "Electronics": ("With a two-year guarantee.", "两年质保。"),
    "Stationery": ("Lies flat when open.", "可平摊书写。"),
}


def description(item: DemoItem) -> str:
    english, chinese = _ROOMS[KINDS[item.kind].category.split(" > ")[0]]
    return chinese if item.language == "zh" else english
