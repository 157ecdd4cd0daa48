"""YAML as people write it, read as docs/rules.md says: data of bounded size, or a sentence with the line that it is about.

Only what a pack needs is read. An alias can unfold a kilobyte into gigabytes, so anchors and aliases are refused; so are
tags, keys that stand twice and a second document. Words stay words, as in YAML 1.2: `off`, `no`, `12:30`, `010` and a day
are text. Numbers are decimal; `true`, `false` and `null` are what they say. Keys are text, always.

The events of the parser are put together here without recursion, and counted as they come: what is too much ends the reading.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml
from django.utils.translation import gettext as _

from relevance.sanitising import storable

MOST_BYTES = 1 << 20
MOST_NODES = 10_000  # scalars, keys among them, lists and mappings
MOST_DEPTH = 20

_Node = yaml.ScalarEvent | yaml.MappingStartEvent | yaml.SequenceStartEvent
_PARSER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CONSTANTS = {"": None, "~": None, "null": None, "true": True, "false": False}
_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,17}")  # more digits, or a zero before them, are text: nothing of it is lost
_FRACTION = re.compile(r"-?[0-9]{1,17}\.[0-9]{1,17}(?:[eE][-+][0-9]{1,2})?")


class UnreadableText(ValueError):
    """A sentence that names the line."""


class Entries(list[Any]):
    """A list that knows in which line each of its entries begins."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[int] = []


def read(text: str, *, most_nodes: int = MOST_NODES) -> Any:
    """The one document of the text, None where it is empty. Raises UnreadableText."""
    text = storable(text)
    if len(text.encode()) > MOST_BYTES:
        raise UnreadableText(_("It holds more than %(most)s kilobytes.") % {"most": MOST_BYTES >> 10})
    try:
        return _document(yaml.parse(text, Loader=_PARSER), most_nodes)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _told(
            mark.line + 1 if mark else 1, _("not YAML: %(problem)s") % {"problem": error.problem or ""}
        ) from error
    except yaml.reader.ReaderError as error:
        line = text.encode()[: error.position].count(b"\n") + 1
        raise _told(line, _("a character that may not stand in YAML")) from error


def _document(events: Iterator[yaml.Event], most_nodes: int) -> Any:
    tree = _Tree(most_nodes)
    for event in events:
        match event:
            case yaml.AliasEvent():
                raise _refused(_("aliases (*name) are not read: write it out"), event)
            case yaml.ScalarEvent():
                event.value = storable(event.value)  # an escape can stand for what no database holds
                tree.add(_scalar(event), event)
            case yaml.MappingStartEvent():
                tree.open({}, event)
            case yaml.SequenceStartEvent():
                tree.open(Entries(), event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                tree.close()
            case yaml.DocumentStartEvent() if tree.documents:
                raise _refused(_("a second document begins: one is read"), event)
            case yaml.DocumentStartEvent():
                tree.documents = 1
    return tree.value


class _Tree:
    """What has been read so far; `path` holds the lists and mappings that are not closed, the outermost first."""

    def __init__(self, most_nodes: int) -> None:
        self.value: Any = None
        self.documents = 0
        self.path: list[dict[str, Any] | Entries] = []
        self._keys: list[str | None] = []  # of each in `path` the key whose value comes next
        self._most, self._nodes = most_nodes, 0

    def open(self, held: dict[str, Any] | Entries, event: _Node) -> None:
        self._count(event)
        if self.path and isinstance(self.path[-1], dict) and self._keys[-1] is None:
            raise _refused(_("a key must be a word"), event)
        if len(self.path) == MOST_DEPTH:
            raise _refused(_("nested more than %(most)s deep") % {"most": MOST_DEPTH}, event)
        self._put(held, event)
        self.path.append(held)
        self._keys.append(None)

    def close(self) -> None:
        self.path.pop()
        self._keys.pop()

    def add(self, value: object, event: yaml.ScalarEvent) -> None:
        self._count(event)
        around = self.path[-1] if self.path else None
        if isinstance(around, dict) and self._keys[-1] is None:
            if event.value in around:
                raise _refused(_("the key “%(key)s” stands twice") % {"key": event.value[:60]}, event)
            self._keys[-1] = event.value
        else:
            self._put(value, event)

    def _put(self, value: object, event: _Node) -> None:
        around = self.path[-1] if self.path else None
        if around is None:
            self.value = value
        elif isinstance(around, Entries):
            around.append(value)
            around.lines.append(_line(event))
        else:
            key, self._keys[-1] = self._keys[-1], None
            assert key is not None, "a value follows its key"
            around[key] = value

    def _count(self, event: _Node) -> None:
        self._nodes += 1
        if self._nodes > self._most:
            raise _refused(_("more than %(most)s values and keys") % {"most": self._most}, event)
        if event.anchor is not None:
            raise _refused(_("anchors (&name) are not read: write it out"), event)
        if event.tag is not None:
            raise _refused(_("tags (!name) are not read: leave it out"), event)


def _scalar(event: yaml.ScalarEvent) -> object:
    text: str = event.value
    if not event.implicit[0]:  # in quotes, or a block
        return text
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _FRACTION.fullmatch(text) else text


def _refused(problem: str, event: yaml.Event) -> UnreadableText:
    return _told(_line(event), problem)


def _told(line: int, problem: str) -> UnreadableText:
    return UnreadableText(_("line %(line)s: %(problem)s") % {"line": line, "problem": problem})


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark is not None else 1
