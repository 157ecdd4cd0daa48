"""From an engine's name to an engine that answers. The one place that knows which engines this installation has."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from inference.engines.base import Engine, EngineError
from inference.engines.distilled import Distilled
from inference.models import ModelVersion
from relevance.rules import RuleSpec

COLD_START = "distilled"
ENGINES: Mapping[str, Callable[[Sequence[RuleSpec]], Engine]] = {
    COLD_START: lambda rules: Distilled(tuple(rules)),
}


class UnknownEngine(Exception):
    """No engine of this name is known here."""

    def __init__(self, name: str) -> None:
        super().__init__(f"no engine is called {name!r}; known: {', '.join(sorted(ENGINES))}")


def connect(name: str, rules: Sequence[RuleSpec]) -> Engine:
    """An engine that judges by these rules."""
    if name not in ENGINES:
        raise UnknownEngine(name)
    return ENGINES[name](rules)


def reconnect(version: ModelVersion, rules: Sequence[RuleSpec]) -> Engine:
    """The very engine a run was started with: a process that has another revision refuses to answer in its name."""
    if version.engine not in ENGINES:
        raise EngineError("unknown_engine", f"this process has no engine called {version.engine!r}")
    engine = connect(version.engine, rules)
    if (engine.revision, engine.prompt_version) != (version.revision, version.prompt_version):
        raise EngineError("other_revision", f"the run asks for {version}, this process has {engine.revision}")
    return engine
