"""From system and user text to the one text a local model reads, by the template in its folder.

Templates differ: some take a system message as a string, some as a list of parts, some refuse or drop it. Which way this
one takes is found out once, with marks that must stand in what comes out; where no way tells both texts it is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from inference.engines.chat import Picture
from inference.engines.errors import EngineError

Part = str | Picture
Messages = list[dict[str, Any]]

SYSTEM, USER = "mark-of-the-system", "mark-of-the-user"


class ChatTemplate:
    """`told_by` says how the system text is told: "system", or "user" where the template knows no system message."""

    def __init__(self, tokenizer: Any, template: Any, *, sees_pictures: bool) -> None:
        if not template:
            raise EngineError(
                "no_chat_template",
                "the folder holds no chat template (chat_template.jinja, or chat_template in tokenizer_config.json). "
                "Either it is a base model, which was never taught to answer, or its template was not copied",
            )
        self._tokenizer = tokenizer
        self._template = template
        self._content = _in_parts if sees_pictures else _as_string
        self._control = _control(tokenizer)
        self._messages, self.told_by = self._way()
        self.answer_starts = self.text(SYSTEM, (USER,)).rpartition(USER)[2]

    def text(self, system: str, user: Sequence[Part]) -> str:
        """What stands in either text as a control token of the model is broken up. Without it an item's text could end
        the turn, or stand for a picture that is not there.
        """
        plain = [part if isinstance(part, Picture) else self._broken_up(part) for part in user]
        return self._rendered(self._messages(self._broken_up(system), plain, self._content))

    def _rendered(self, messages: Messages) -> str:
        # Models that may think first are told not to: the answer's first token is its letter.
        return str(
            self._tokenizer.apply_chat_template(
                messages,
                chat_template=self._template,
                tokenize=False,
                add_generation_prompt=True,
                enable_thinking=False,
            )
        )

    def _way(self) -> tuple[Callable[..., Messages], str]:
        for messages, told_by in ((_system_string, "system"), (_system_parts, "system"), (_system_in_user, "user")):
            if self._tells_both(messages(SYSTEM, [USER], self._content)):
                return messages, told_by
        raise EngineError(
            "chat_template", "its chat template leaves out what it is asked: no message of the user is told"
        )

    def _tells_both(self, messages: Messages) -> bool:
        from jinja2 import TemplateError

        try:
            text = self._rendered(messages)
        except (TemplateError, TypeError, ValueError, KeyError, AttributeError):  # raise_exception() of a template, too
            return False
        return 0 <= text.find(SYSTEM) < text.find(USER)

    def _broken_up(self, text: str) -> str:
        for token in self._control:
            text = text.replace(token, f"{token[0]} {token[1:]}")
        return text


def _control(tokenizer: Any) -> list[str]:
    special = {str(token) for token in tokenizer.added_tokens_decoder.values() if token.special}
    return sorted(
        (token for token in {*special, *tokenizer.all_special_tokens} if len(token) > 1), key=len, reverse=True
    )


def _as_string(parts: Sequence[Part]) -> str:
    return "".join(part for part in parts if isinstance(part, str))


def _in_parts(parts: Sequence[Part]) -> list[dict[str, str]]:
    return [{"type": "image"} if isinstance(part, Picture) else {"type": "text", "text": part} for part in parts]


def _system_string(system: str, user: Sequence[Part], content: Callable[..., Any]) -> Messages:
    return [{"role": "system", "content": system}, {"role": "user", "content": content(user)}]


def _system_parts(system: str, user: Sequence[Part], content: Callable[..., Any]) -> Messages:
    return [{"role": "system", "content": _in_parts([system])}, {"role": "user", "content": content(user)}]


def _system_in_user(system: str, user: Sequence[Part], content: Callable[..., Any]) -> Messages:
    return [{"role": "user", "content": content([f"{system}\n\n", *user])}]
