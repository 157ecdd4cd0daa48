"""A rule pack: YAML text to rules and back. Round-trips byte for byte; a bad rule is listed and does not lose the others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import yaml
from django.utils.translation import gettext as _

from relevance import rule_sizes
from relevance.rules import RuleError, RuleSpec, parse_rule, rule_to_data
from rules import yaml_reading
from rules.misread_words import in_words
from rules.yaml_reading import Entries, UnreadableText

MOST_NODES = 50_000  # the starter pack of 104 rules has 9,900
HEADER = "# A rule pack; docs/rules.md explains the form.\n"


@dataclass(frozen=True)
class Pack:
    """The rules that could be read, and what was wrong with the others."""

    rules: tuple[RuleSpec, ...]
    problems: tuple[str, ...]


class _Dumper(yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: FBT001, FBT002
        super().increase_indent(flow=flow, indentless=False)


def load_pack(text: str) -> Pack:
    """Read a pack; raises nothing. Two rules of one code: the second is a problem."""
    try:
        data = yaml_reading.read(text, most_nodes=MOST_NODES)
    except UnreadableText as error:
        return Pack((), (str(error),))
    entries = data.get("rules") if isinstance(data, dict) else None
    if not isinstance(entries, Entries):
        return Pack((), (_("a pack must have a list called rules"),))
    rules: dict[str, RuleSpec] = {}
    problems: list[str] = []
    for line, entry in zip(entries.lines, entries, strict=True):
        try:
            rule = parse_rule(entry)
            rule_sizes.check(rule)
            if rule.code in rules:
                raise RuleError(rule.code, "stands in the pack twice")
        except RuleError as error:
            problems.append(_("line %(line)s: %(problem)s") % {"line": line, "problem": in_words(error)})
        else:
            rules[rule.code] = rule
    return Pack(tuple(rules.values()), tuple(problems))


def dump_pack(specs: Iterable[RuleSpec]) -> str:
    """The pack as text, rules in the order of their codes: `dump(load(dump(x)))` is byte-equal to `dump(x)`."""
    data = {"rules": [rule_to_data(spec) for spec in sorted(specs, key=lambda one: one.code)]}
    return HEADER + yaml.dump(data, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=120)
