"""What a code may look like that stands in addresses, prompts or citations: ASCII, one shape a kind, matched in full.

The database holds stored codes to the same shapes (`in_full` in a CHECK). A pattern that is matched from the left alone takes
"R-605" with a line break behind it, and `\\d` takes digits of every script: models and addresses then refuse what was stored.
"""

from __future__ import annotations

import re

RULE_CODE = re.compile("R-[0-9]{3,5}", re.ASCII)
SLUG = re.compile("[-a-zA-Z0-9_]{1,60}", re.ASCII)
PROMPT_NAME = re.compile("[-a-zA-Z0-9_.+]{1,60}", re.ASCII)


def is_identifier(text: object, shape: re.Pattern[str]) -> bool:
    return isinstance(text, str) and shape.fullmatch(text) is not None


def in_full(shape: re.Pattern[str]) -> str:
    """For PostgreSQL, whose `$` is the end of the text and nothing before it."""
    return f"^({shape.pattern})$"
