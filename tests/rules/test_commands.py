from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

from django.core.management import call_command

from relevance.rules import RuleSpec
from rules import publishing
from rules.packs import dump_pack
from tests.rules.conftest import spec


def command(name: str, *arguments: object) -> tuple[int, dict[str, Any], str]:
    """Exit code, the object on the last line of stdout, and what stderr said."""
    out, err, code = StringIO(), StringIO(), 0
    try:
        call_command(name, *map(str, arguments), stdout=out, stderr=err)
    except SystemExit as end:
        code = int(end.code or 0)
    return code, json.loads(out.getvalue().splitlines()[-1]), err.getvalue()


def some_rules() -> list[RuleSpec]:
    return [spec("R-001"), spec("R-002", dimension="brand"), spec("R-003", dimension="material")]


def test_rules_go_in_and_come_out_byte_for_byte(db: None, tmp_path: Path) -> None:
    pack, again = tmp_path / "pack.yaml", tmp_path / "again.yaml"
    pack.write_text(dump_pack(some_rules()), encoding="utf-8")
    answer = (0, {"rules": 3, "versions": 3, "rule_base": 1, "problems": 0}, "")
    assert command("load_rules", pack) == answer
    assert command("dump_rules", again)[:2] == (0, {"rules": 3, "rule_base": 1, "file": str(again)})
    assert again.read_bytes() == pack.read_bytes()


def test_loading_twice_changes_nothing(db: None, tmp_path: Path) -> None:
    pack = tmp_path / "pack.yaml"
    pack.write_text(dump_pack(some_rules()), encoding="utf-8")
    command("load_rules", pack)
    assert command("load_rules", pack)[1] == {"rules": 3, "versions": 0, "rule_base": 1, "problems": 0}


def test_a_bad_rule_is_named_and_the_good_ones_go_in(db: None, tmp_path: Path) -> None:
    pack = tmp_path / "pack.yaml"
    text = dump_pack(some_rules())
    assert text.count("dimension: brand") == 1
    pack.write_text(text.replace("dimension: brand", "dimension: smell"), encoding="utf-8")
    code, answer, told = command("load_rules", pack)
    assert (code, answer) == (0, {"rules": 2, "versions": 2, "rule_base": 1, "problems": 1})
    assert "R-002" in told and "smell" in told
    assert [s.code for s in publishing.specs(publishing.newest())] == ["R-001", "R-003"]


def test_a_file_that_is_no_pack_is_an_error(db: None, tmp_path: Path) -> None:
    binary, prose = tmp_path / "binary", tmp_path / "prose"
    binary.write_bytes(b"\xff\xfe\x00")
    prose.write_text("- [unclosed", encoding="utf-8")
    for path in (binary, prose, tmp_path / "absent.yaml", tmp_path):
        code, answer, _ = command("load_rules", path)
        assert (code, set(answer)) == (1, {"error"})


def test_dumping_without_rules_or_an_unknown_version_is_an_error(db: None, tmp_path: Path) -> None:
    assert command("dump_rules", tmp_path / "x.yaml")[0] == 1
    publishing.publish_pack(some_rules())
    assert command("dump_rules", tmp_path / "x.yaml", "--rule-base", 9)[0] == 1
    assert command("dump_rules", tmp_path / "absent" / "x.yaml")[0] == 1


def test_the_shipped_pack_goes_in_whole_and_comes_out_byte_for_byte(db: None, settings: Any, tmp_path: Path) -> None:
    starter, again = settings.BASE_DIR / "rules/packs/starter.yaml", tmp_path / "again.yaml"
    code, answer, told = command("load_rules", starter)
    assert (code, answer["problems"], told) == (0, 0, "")
    assert answer["rules"] == answer["versions"] >= 25
    command("dump_rules", again)
    assert again.read_bytes() == starter.read_bytes()
