"""A rule pack: YAML text to rules and back. Round-trips byte for byte; a bad rule is listed and does not lose the others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import yaml

from relevance.rules import RuleError, RuleSpec, parse_rule, rule_to_data

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
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        return Pack((), (f"not YAML: {str(error).splitlines()[0]}",))
    entries = data.get("rules") if isinstance(data, dict) else None
    if not isinstance(entries, list):
        return Pack((), ("a pack must have a list called rules",))
    rules: dict[str, RuleSpec] = {}
    problems: list[str] = []
    for entry in entries:
        try:
            rule = parse_rule(entry)
        except RuleError as error:
            problems.append(str(error))
            continue
        if rule.code in rules:
            problems.append(f"{rule.code}: stands in the pack twice")
        else:
            rules[rule.code] = rule
    return Pack(tuple(rules.values()), tuple(problems))


def dump_pack(specs: Iterable[RuleSpec]) -> str:
    """The pack as text, rules in the order of their codes: `dump(load(dump(x)))` is byte-equal to `dump(x)`."""
    data = {"rules": [rule_to_data(spec) for spec in sorted(specs, key=lambda one: one.code)]}
    return HEADER + yaml.dump(data, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=120)
