"""From a model's row to an engine that answers. The one place that knows which engines this installation has."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings

from inference.distilled import learnt_models
from inference.engines.base import Engine, EngineError
from inference.engines.chat import ChatModel
from inference.engines.distilled import Distilled
from inference.engines.prompted import ONE_CHAIN, Prompted, Sampling
from inference.models import ModelVersion, PromptVersion
from inference.prompting import prompt_versions
from inference.registry import keys
from relevance.rules import RuleSpec

if TYPE_CHECKING:
    from inference.engines.openai_server import OpenAIServer

COLD_START = "distilled"
OPENAI_SERVER = "openai_server"
# Ready without being registered: they need nothing but the rules.
ENGINES: Mapping[str, Callable[[Sequence[RuleSpec]], Engine]] = {
    COLD_START: lambda rules: Distilled(tuple(rules)),
}


class UnknownEngine(Exception):
    """No engine of this name is known here."""

    def __init__(self, name: str) -> None:
        known = ", ".join(sorted({*ENGINES, *CHATS}))
        super().__init__(f"no engine is called {name!r}; known: {known}")


def connect(name: str, rules: Sequence[RuleSpec]) -> Engine:
    """An engine that judges by these rules."""
    if name not in ENGINES:
        raise UnknownEngine(name)
    return ENGINES[name](rules)


def reconnect(
    version: ModelVersion,
    rules: Sequence[RuleSpec],
    sampling: Sampling = ONE_CHAIN,
    prompt: PromptVersion | None = None,
) -> Engine:
    """The very engine a run was started with: a process that has another revision refuses to answer in its name.

    With `prompt` a chat model is asked in those words instead of its own.
    """
    if version.engine in CHATS:
        assert version.prompt_id is not None, "a chat model has prompts"
        return Prompted(
            chat(version),
            prompt_versions.value(prompt.pk if prompt is not None else version.prompt_id),
            sampling,
            posterior=bool(version.found.get("shares", True)),
            schema_held=bool(version.found.get("schema", True)),
        )
    if version.engine == COLD_START and version.learnt:
        return learnt_models.engine(version, rules)
    if version.engine not in ENGINES:
        raise EngineError("unknown_engine", f"this process has no engine called {version.engine!r}")
    engine = connect(version.engine, rules)
    if (engine.revision, engine.prompt_version) != (version.revision, version.prompt_version):
        raise EngineError("other_revision", f"the run asks for {version}, this process has {engine.revision}")
    return engine


def chat(version: ModelVersion) -> ChatModel:
    """The chat model behind a row; one object a process, which all its threads share."""
    key = (version.engine, version.target, version.revision, tuple(sorted(version.options.items())))
    with _lock:
        if key not in _chats:
            if version.engine not in CHATS:
                raise EngineError("unknown_engine", f"this process has no engine called {version.engine!r}")
            _chats[key] = CHATS[version.engine](version.target, version.revision, version.options)
        return _chats[key]


_lock = threading.Lock()  # Without it two threads would each make, and perhaps load, the same model.
_chats: dict[tuple[Any, ...], ChatModel] = {}


def openai_server(target: str, revision: str, options: Mapping[str, Any]) -> OpenAIServer:
    """A server at an address, by its served name, with the key that is set for that address and this installation's limits."""
    from inference.engines.openai_server import Endpoint, OpenAIServer  # its client takes half a second to load

    endpoint = Endpoint(
        base_url=target or settings.OPENAI_BASE_URL,
        model=str(options.get("model", "")),
        api_key=keys.key_for(target or settings.OPENAI_BASE_URL),
        concurrency=int(options.get("concurrency", settings.MODEL_CONCURRENCY)),
        deadline_seconds=float(options.get("deadline_seconds", settings.MODEL_DEADLINE_SECONDS)),
        answers_as=str(options.get("answers_as", "")),
        breaker_failures=int(options.get("breaker_failures", settings.BREAKER_FAILURES)),
    )
    return OpenAIServer(endpoint, revision)


def _transformers_local(target: str, revision: str, options: Mapping[str, Any]) -> ChatModel:
    from inference.engines.transformers_local import TransformersLocal  # torch is loaded only where it is asked for

    return TransformersLocal(Path(target), revision=revision, **_own(options))


def _vllm_offline(target: str, revision: str, options: Mapping[str, Any]) -> ChatModel:
    from inference.engines.vllm_offline import VllmOffline

    return VllmOffline(Path(target), revision=revision, **_own(options))


def _own(options: Mapping[str, Any]) -> dict[str, Any]:
    """What an engine in this process takes, without what the pipeline reads."""
    return {name: value for name, value in options.items() if name not in ("guideline", "model", "answers_as")}


CHATS: Mapping[str, Callable[[str, str, Mapping[str, Any]], ChatModel]] = {
    OPENAI_SERVER: openai_server,
    "transformers_local": _transformers_local,
    "vllm_offline": _vllm_offline,
}
