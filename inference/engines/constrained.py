"""Decoding under a JSON schema by llguidance: at each step the tokens that would break the schema are forbidden."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from inference.engines.errors import EngineError


class Grammar:
    """Compiles schemas for one tokenizer; a schema is compiled once."""

    def __init__(self, tokenizer: Any) -> None:
        try:
            import llguidance
            import llguidance.hf
        except ImportError as error:
            raise EngineError("not_installed", "llguidance is not installed here") from error
        self._llguidance = llguidance
        try:
            self._tokenizer = llguidance.hf.from_tokenizer(tokenizer)
        except (ValueError, TypeError) as error:
            raise EngineError("tokenizer", f"its tokenizer cannot be held to a schema: {str(error)[:200]}") from error
        self._compiled: dict[str, str] = {}

    def of_schema(self, schema: Mapping[str, Any]) -> Any:
        """A function that makes a fresh matcher for each sampled answer."""
        text = json.dumps(schema, sort_keys=True)
        if text not in self._compiled:
            self._compiled[text] = self._llguidance.LLMatcher.grammar_from_json_schema(
                json.dumps(schema), defaults={"whitespace_flexible": False}
            )
        grammar = self._compiled[text]
        return lambda: self._llguidance.LLMatcher(self._tokenizer, grammar)


class Held:
    """A logits processor of transformers: one matcher for each sequence, fed with what was chosen since.

    Once the schema is met only the token `end` is left.
    """

    def __init__(self, make: Any, prompt_length: int, end: int) -> None:
        self._make = make
        self._end = end
        self._seen = prompt_length
        self._matchers: list[Any] = []

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        import numpy as np
        import torch

        if not self._matchers:
            self._matchers = [self._make() for _ in range(len(input_ids))]
        for matcher, sequence in zip(self._matchers, input_ids, strict=True):
            for token in sequence[self._seen :].tolist():
                if not matcher.is_stopped():
                    matcher.consume_token(token)
        self._seen = input_ids.shape[1]
        for row, matcher in enumerate(self._matchers):
            forbidden = np.ones(scores.shape[1], dtype=bool)
            if matcher.is_stopped():
                forbidden[self._end] = False
            else:
                bits = np.unpackbits(np.frombuffer(matcher.compute_bitmask(), dtype=np.uint8), bitorder="little")
                size = min(scores.shape[1], len(bits))
                forbidden[:size] = bits[:size] == 0
            scores[row, torch.from_numpy(forbidden).to(scores.device)] = -float("inf")
        return scores
