"""What a row says of a price, as a text: with its currency, and never as another number than it is."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from catalogue.importing.meaning.cells import EXACT_BELOW, plain, structured
from catalogue.importing.reading.rows import RowRefused
from catalogue.importing.reasons import because

_AMOUNTS = ("amount", "value", "price")
_CURRENCIES = ("currency", "currencycode", "pricecurrency")
_WHOLE = re.compile(r"([+-]?)(\d+)")


def price_said(value: Any) -> Any:
    """An amount with its currency as one text, from an object that says no more than these; anything else as it is.

    Raises RowRefused for a number that is none, or is no longer the one that was written.
    """
    value = structured(value)
    if isinstance(value, Mapping):
        amount, currency = _told(value, _AMOUNTS), _told(value, _CURRENCIES)
        if len(value) > 2 or amount in (None, "", []) or (len(value) == 2 and not currency):
            return value
        return f"{plain(price_said(amount))} {plain(currency)}".strip()
    if isinstance(value, float) and (not math.isfinite(value) or abs(value) >= EXACT_BELOW):
        raise RowRefused("price", because("a number this large has lost digits; write it as a text"))
    return value


def _told(value: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((one for name, one in value.items() if str(name).replace("_", "").lower() in names), None)


def of_cents(cents: str) -> str:
    """19.99 of 1999; raises RowRefused for what is no whole number."""
    whole = _WHOLE.fullmatch(cents)
    if whole is None:
        raise RowRefused("price_cents", because("not a whole number"))
    sign, digits = whole[1].replace("+", ""), whole[2].lstrip("0").zfill(3)
    return f"{sign}{digits[:-2]}.{digits[-2:]}"


def with_currency(price: str, currency: str) -> str:
    """The currency of a column of its own, unless the price names it."""
    return f"{price} {currency}" if price and currency and currency.casefold() not in price.casefold() else price
