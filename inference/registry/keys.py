"""Which key a model server is sent: the one set for its scheme, host and port, and to any other address none."""

from __future__ import annotations

from django.conf import settings

from inference.engines.origins import origin


def key_for(address: str) -> str:
    """Empty where none is set for this address. LORE_MODEL_KEYS goes before LORE_OPENAI_API_KEY."""
    where = origin(address)
    if not where:
        return ""
    named = {origin(one): key for one, key in settings.MODEL_KEYS.items()}
    usual = settings.OPENAI_API_KEY if origin(settings.OPENAI_BASE_URL) == where else ""
    return str(named.get(where, usual))
