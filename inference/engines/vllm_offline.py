"""vLLM in this very process: for a batch on a GPU host that serves nobody else. Same answers as through a server.

The package is imported only when the engine is made; it brings its own versions of almost everything, so it lives in an
environment of its own (docs/gpu-host.md).
"""

from __future__ import annotations

import base64
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from inference.engines.chat import Call, Picture, Reply, SampledAnswer
from inference.engines.errors import EngineError, EngineUnavailable

ALTERNATIVES = 20
HELD = 0.98


class VllmOffline:
    """A folder of weights, loaded once. `options` go to vLLM as they are (tensor_parallel_size, max_model_len, ...)."""

    name = "vllm_offline"

    def __init__(self, folder: Path, *, revision: str, **options: Any) -> None:
        try:
            import vllm
            import vllm.exceptions
        except ImportError as error:
            raise EngineError("not_installed", "vllm is not installed in this environment") from error
        self.revision = revision
        self._vllm = vllm
        self._errors = vllm.exceptions
        try:
            self._llm = vllm.LLM(
                model=str(folder),
                enable_prefix_caching=True,
                trust_remote_code=False,
                structured_outputs_config={"backend": "guidance"},
                **options,
            )
        except (ValueError, OSError, RuntimeError) as error:
            raise EngineError("not_loaded", f"vLLM cannot load {folder}: {str(error)[:200]}") from error

    def converse(self, calls: Sequence[Call]) -> list[Reply | EngineError]:
        """All calls as one batch; one that vLLM refuses is asked apart, so that it fails alone."""
        if not calls:
            return []
        began = time.perf_counter()
        try:
            outputs = self._llm.chat(
                [_messages(call) for call in calls], [self._sampling(call) for call in calls], use_tqdm=False
            )
        except (
            ValueError,
            self._errors.VLLMClientError,
        ) as error:  # a prompt that is too long, a picture that cannot be read
            if len(calls) == 1:
                return [EngineError("bad_request", str(error)[:200])]
            return [answer for call in calls for answer in self.converse([call])]
        except (RuntimeError, self._errors.VLLMServerError) as error:
            return [EngineUnavailable("engine", str(error)[:200])] * len(calls)
        seconds = (time.perf_counter() - began) / len(calls)
        return [_reply(call, output, seconds) for call, output in zip(calls, outputs, strict=True)]

    def _sampling(self, call: Call) -> Any:
        held: Any = None
        params = self._vllm.sampling_params.StructuredOutputsParams
        if call.choices:
            held = params(choice=list(call.choices))
        elif call.schema is not None:
            held = params(json=dict(call.schema))
        return self._vllm.SamplingParams(
            n=call.samples,
            temperature=call.temperature,
            seed=call.seed,
            max_tokens=1 if call.choices else call.max_tokens,
            logprobs=ALTERNATIVES if call.choices else None,
            structured_outputs=held,
        )


def _messages(call: Call) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = []
    for part in call.user:
        if isinstance(part, Picture):
            data = base64.b64encode(part.data).decode()
            parts.append({"type": "image_url", "image_url": {"url": f"data:{part.media_type};base64,{data}"}})
        else:
            parts.append({"type": "text", "text": part})
    return [{"role": "system", "content": call.system}, {"role": "user", "content": parts}]


def _reply(call: Call, output: Any, seconds: float) -> Reply | EngineError:
    said = tuple(SampledAnswer(one.text, one.finish_reason or "") for one in output.outputs)
    shares = None
    if call.choices:
        if said[0].text.strip() not in call.choices:
            return EngineError("constraint_ignored", f"{said[0].text[:40]!r} is none of {', '.join(call.choices)}")
        shares = _shares(call.choices, output.outputs[0].logprobs[0])
        if shares is None:
            return EngineError("constraint_ignored", "the probability does not lie on the choices")
    return Reply(
        said=said,
        shares=shares,
        tokens_in=len(output.prompt_token_ids),
        tokens_out=sum(len(one.token_ids) for one in output.outputs),
        tokens_cached=output.num_cached_tokens or 0,
        seconds=seconds,
    )


def _shares(choices: Sequence[str], logprobs: Mapping[int, Any]) -> dict[str, float] | None:
    shares = dict.fromkeys(choices, 0.0)
    for alternative in logprobs.values():
        token = (alternative.decoded_token or "").strip()
        if token in shares and math.isfinite(alternative.logprob):
            shares[token] += math.exp(min(alternative.logprob, 0.0))
    total = sum(shares.values())
    return {choice: share / total for choice, share in shares.items()} if total >= HELD else None
