"""What is asked, and the good answer to it: letters with their probabilities, or an object under the asked schema.

A job's answers are a function of the job alone, so that a test knows them beforehand. The job is named by the header
X-Lore-Job; else it is a hash of the user's text without what is new with every asking, and up to the end of the item:
what follows there is the task, and both passes over a pair are one job.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from tests.misbehaving.http import Request

JOB_HEADER = "x-lore-job"
MODEL = "misbehaving"
CHARACTERS_A_TOKEN = 4

_CODE = re.compile(r"Answer code: ([0-9a-z]+)")
_CODE_LINE = re.compile(r"^.*Answer code:.*$\n?", re.MULTILINE)
_FENCE = re.compile(r"<<[A-Z]+ [0-9a-z]+>>")
_END = re.compile(r"<<END [0-9a-z]+>>")
_GRADE = re.compile(r"^(\S+) = (L[1-4])\b", re.MULTILINE)
_QUERY = re.compile(r'^Query, as JSON text: (".*")$', re.MULTILINE)
_RULE = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]{0,31}) \([a-z_]+\): ", re.MULTILINE)


@dataclass(frozen=True)
class Ask:
    """A request for a chat completion. `kind`: choice (one of `letters`), schema (JSON under `schema`) or text."""

    kind: Literal["choice", "schema", "text", "models"]
    job: str
    model: str = MODEL
    system: str = ""
    user: str = ""
    letters: tuple[str, ...] = ()
    schema: Mapping[str, Any] | None = None
    logprobs: bool = False
    n: int = 1
    pictures: tuple[str, ...] = ()

    @cached_property
    def number(self) -> int:
        """What a mode with several kinds of fault chooses by: the job's number, or that of its hash."""
        if self.job.isascii() and self.job.isdigit():
            return int(self.job)
        return int.from_bytes(hashlib.sha256(self.job.encode("utf-8", "replace")).digest(), "big")

    @property
    def odd(self) -> bool:
        return self.number % 2 == 1

    @cached_property
    def code(self) -> str:
        found = _CODE.findall(self.user)
        return found[-1] if found else ""

    @cached_property
    def posterior(self) -> dict[str, float]:
        return posterior(self.job, self.letters)


def asked(request: Request) -> Ask:
    """Raises ValueError, KeyError or TypeError for what is no chat request."""
    job = request.headers.get(JOB_HEADER, "")
    if request.method == "GET":
        return Ask("models", job or "models")
    body = json.loads(request.body)
    system, user = (_said(body["messages"], role) for role in ("system", "user"))
    choices = tuple((body.get("structured_outputs") or {}).get("choice") or ())
    schema = ((body.get("response_format") or {}).get("json_schema") or {}).get("schema")
    labels = _labels(schema) if schema else ()
    return Ask(
        kind="choice" if choices else "schema" if schema else "text",
        job=job or hashlib.sha256(stable(user).encode("utf-8", "replace")).hexdigest(),
        model=str(body.get("model") or MODEL),
        system=system,
        user=user,
        letters=tuple(sorted(choices or labels)),
        schema=schema,
        logprobs=bool(body.get("logprobs")),
        n=int(body.get("n") or 1),
        pictures=_pictures(body["messages"]),
    )


def _pictures(messages: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """How each picture is named, without its bytes: `data:image/webp`, or the address that a server would go to."""
    parts = [part for message in messages if isinstance(message["content"], list) for part in message["content"]]
    urls = [str(part["image_url"]["url"]) for part in parts if part.get("type") == "image_url"]
    return tuple(url.partition(";")[0] for url in urls)


def _said(messages: Sequence[Mapping[str, Any]], role: str) -> str:
    """The text of all messages of a role; pictures are not looked at."""
    contents = [message["content"] for message in messages if message["role"] == role]
    return "".join(
        content if isinstance(content, str) else "".join(str(part.get("text", "")) for part in content)
        for content in contents
    )


def _labels(schema: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(schema.get("properties", {}).get("label", {}).get("enum") or ())


def stable(user: str) -> str:
    """What of the user's text is the same with every asking about the same pair."""
    ends = list(_END.finditer(user))
    upto = user[: ends[-1].start()] if ends else user
    return _CODE_LINE.sub("", _FENCE.sub("", upto))


def posterior(job: str, letters: Sequence[str]) -> dict[str, float]:
    """Probabilities of the letters, summing to 1, some jobs surer than others; the same for any order of the letters."""
    weights = {letter: math.exp(6 * _share(f"{job}:{letter}")) for letter in sorted(letters)}
    total = sum(weights.values())
    return {letter: weight / total for letter, weight in weights.items()}


def best(job: str, letters: Sequence[str]) -> str:
    shares = posterior(job, letters)
    return max(shares, key=lambda letter: shares[letter])


def _share(seed: str) -> float:
    return int.from_bytes(hashlib.sha256(seed.encode("utf-8", "replace")).digest()[:8], "big") / 2**64


def chain(ask: Ask, label: str | None = None) -> dict[str, Any]:
    """A valid object under the asked schema. Without `label` it ends in the posterior's best letter."""
    assert ask.schema is not None
    letter = label or (best(ask.job, ask.letters) if ask.letters else "")
    mismatch = _mismatch(ask, letter)
    query = _QUERY.findall(ask.user)
    words = str(json.loads(query[-1]))[:80].encode("utf-8", "replace").decode() if query else "thing"
    wishes: dict[str, Any] = {
        "nonce": ask.code,
        "entity": words,
        "intent": "item",
        "text": words or "thing",
        "constraint": words or "thing",
        "dimension": mismatch or "category",
        "verdict": "conflict" if mismatch else "match",
        "rules": _RULE.findall(ask.user.partition("Rules of the shop:\n")[2].partition("\nItem:")[0])[:1],
        "label": letter,
        "mismatch": mismatch,
    }
    made: dict[str, Any] = _instance(ask.schema, ask.schema, wishes)
    return made


def _mismatch(ask: Ask, letter: str) -> str | None:
    """A dimension where the system message says that the letter means L2."""
    assert ask.schema is not None
    if dict(_GRADE.findall(ask.system)).get(letter) != "L2":
        return None
    allowed = ask.schema.get("properties", {}).get("mismatch", {}).get("enum") or []
    names = [one for one in allowed if one is not None]
    return names[int(_share(f"{ask.job}:mismatch") * len(names))] if names else None


def _instance(schema: Mapping[str, Any], root: Mapping[str, Any], wishes: Mapping[str, Any]) -> Any:
    """Some value under a schema of the kind that decoders are given; a property's wish is used where it is allowed."""
    schema = _resolved(schema, root)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            return {
                name: wishes[name] if _allowed(wishes, name, _resolved(one, root)) else _instance(one, root, wishes)
                for name, one in schema.get("properties", {}).items()
            }
        case "array":
            items = _resolved(schema.get("items", {}), root)
            return [_instance(items, root, wishes)] if items.get("type") == "object" else []
        case "number" | "integer":
            return schema.get("minimum", 0)
        case "boolean":
            return False
        case "string":
            return ""
    return None


def _allowed(wishes: Mapping[str, Any], name: str, schema: Mapping[str, Any]) -> bool:
    if name not in wishes:
        return False
    wish = wishes[name]
    kinds = {"string": str, "array": list}
    return wish in schema["enum"] if "enum" in schema else isinstance(wish, kinds.get(schema.get("type", ""), ()))


def _resolved(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    while True:
        if "$ref" in schema:
            target: Any = root
            for step in schema["$ref"].removeprefix("#/").split("/"):
                target = target[step]
            schema = target
        elif options := schema.get("anyOf") or schema.get("allOf"):
            schema = options[0]
        else:
            return schema


def good_text(ask: Ask) -> str:
    """The good answer's words."""
    if ask.kind == "schema":
        return written(chain(ask))
    return best(ask.job, ask.letters) if ask.kind == "choice" else "A"


def written(answer: object) -> str:
    return json.dumps(answer, ensure_ascii=False)


class PrefixCache:
    """How much of a prompt was seen before, in blocks from its start, as a serving engine's prefix cache counts it."""

    BLOCK = 64  # characters
    MOST = 20_000  # blocks; the longest unused go first

    def __init__(self) -> None:
        self._seen: OrderedDict[int, None] = OrderedDict()

    def known(self, text: str) -> int:
        """Characters served from the cache; the rest is in it from now on."""
        key = known = 0
        for start in range(0, len(text) - self.BLOCK + 1, self.BLOCK):
            key = hash((key, text[start : start + self.BLOCK]))
            if key in self._seen:
                self._seen.move_to_end(key)
                known += self.BLOCK
            else:
                self._seen[key] = None
        while len(self._seen) > self.MOST:
            self._seen.popitem(last=False)
        return known


def completion(ask: Ask, text: str, cache: PrefixCache, *, finish: str = "stop") -> bytes:
    """The body of an answer with `n` equal choices. A character U+DC80..U+DCFF in `text` goes out as a raw byte."""
    prompt = f"{ask.system}\0{ask.user}"
    told = max(1, len(text) // CHARACTERS_A_TOKEN)
    choice: dict[str, Any] = {"message": {"role": "assistant", "content": text}, "finish_reason": finish}
    choice["logprobs"] = _logprobs(ask) if ask.kind == "choice" and ask.logprobs else None
    asked_tokens = max(1, len(prompt) // CHARACTERS_A_TOKEN)
    body = {
        "id": f"chatcmpl-{hashlib.sha256(ask.job.encode('utf-8', 'replace')).hexdigest()[:16]}",
        "object": "chat.completion",
        "created": 0,
        "model": ask.model,
        "choices": [{"index": index, **choice} for index in range(ask.n)],
        "usage": {
            "prompt_tokens": asked_tokens,
            "completion_tokens": told * ask.n,
            "total_tokens": asked_tokens + told * ask.n,
            "prompt_tokens_details": {"cached_tokens": cache.known(prompt) // CHARACTERS_A_TOKEN},
        },
    }
    return json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogateescape")


def _logprobs(ask: Ask) -> dict[str, Any]:
    ordered = sorted(ask.posterior.items(), key=lambda pair: -pair[1])
    top = [{"token": letter, "logprob": math.log(share), "bytes": None} for letter, share in ordered]
    return {"content": [{**top[0], "top_logprobs": top}]}


def models() -> bytes:
    return json.dumps({"object": "list", "data": [{"id": MODEL, "object": "model", "owned_by": "tests"}]}).encode()
