"""How a foreign text is quoted in a prompt: without what people cannot see, on one line, unable to end its quotation."""

from __future__ import annotations

import json

from relevance.invisible_characters import without_unseen


def prompt_copy(text: str) -> str:
    """The text as a reader sees it, for a model to read. The text itself stays as it was written."""
    return without_unseen(text)


def quoted(value: object) -> str:
    """Foreign values as one line of JSON that cannot end its own quotation nor spell a chat template's control token."""
    text = json.dumps(_cleaned(value), ensure_ascii=False, separators=(", ", ": "))
    return (
        text.replace("<|", "<\\u007c")
        .replace("<<", "<\\u003c")
        .replace("</", "<\\u002f")
        .replace("[INST", "\\u005bINST")
    )


def _cleaned(value: object) -> object:
    if isinstance(value, str):
        return prompt_copy(value)
    if isinstance(value, dict):
        return {prompt_copy(str(key)): _cleaned(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(one) for one in value]
    return value
