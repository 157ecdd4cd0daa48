"""Projects of any number of pairs, written by the database itself: a million take a minute or two.

`stock` puts plain pairs into a project, as the product's role. `fill` makes a world with people, judgments, predictions,
gold and disputes in an empty database, as its owner with triggers off. Half of its titles are Chinese. The first fifth of
the pairs is judged by two of the hundred labelers each, the first half has predictions, one pair in twenty carries imported
gold at the far end, one judged pair in twenty is in dispute, one query in fifty is benchmark.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.db import connection, models

from annotation.models import BadCase, DayOfWork, Disagreement, Gold, Judge, Judgment, Lease, Slot
from catalogue.models import Grid, Item, Pair, Query, Snapshot
from inference.models import Prediction
from projects.models import Project, Role
from rules.models import RuleBaseVersion
from tests.conftest import as_owner
from tests.world.rows import activate, make_import, make_model, make_people

SLUG = "world"
PEOPLE = 100
PER_QUERY = 20
OTHERS = {"lead": Role.LEAD, "ada": Role.ADJUDICATOR, "max": Role.ML_ENGINEER, "rosa": Role.RULE_OWNER}


def insert(table: type[models.Model], source: str, /, **columns: str) -> str:
    """A statement that writes a row for each of `source`: these columns as SQL, the others by the model's defaults."""
    said: dict[str, str] = {table._meta.get_field(name).column: value for name, value in columns.items()}  # type: ignore[union-attr,misc]
    for field in table._meta.concrete_fields:
        if not (field.column in said or field.null or field.has_db_default() or field.primary_key):
            said[str(field.column)] = _literal(field.get_default(), f"{table.__name__}.{field.name}")
    names, values = ", ".join(said), ", ".join(said.values())
    return f"INSERT INTO {table._meta.db_table} ({names}) SELECT {values} FROM {source}"


def _literal(value: Any, name: str) -> str:
    assert value is not None, f"{name} has no default: say how it is filled"
    text = value if isinstance(value, str) else json.dumps(value)
    return f"'{text}'" if isinstance(value, str | list | dict) else text


# plain pairs in any project

_TWELVE = [[f"attribute {number}", f"value number {number}"] for number in range(12)]


def _plain() -> Iterator[str]:
    mine = "WHERE project_id = %(project)s"
    numbered = f"(SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM {{}} {mine})"
    queries = "generate_series(0, (%(count)s - 1) / %(per_query)s) n"
    yield insert(Query, queries, project="%(project)s", text="'mug ' || n")
    yield insert(Item, "generate_series(0, %(count)s - 1) n", project="%(project)s", external_id="n::text")
    yield insert(
        Snapshot, f"catalogue_item {mine}", item="id", sha256="lpad(external_id, 64, '0')",
        title="'Mug number ' || external_id", cpv="%(cpv)s", description="%(description)s", batch="%(batch)s",
    )  # fmt: skip
    yield """UPDATE catalogue_item i SET current_snapshot_id = s.id FROM catalogue_snapshot s
             WHERE s.item_id = i.id AND i.project_id = %(project)s"""
    joined = "i JOIN q ON q.n = i.n / %(per_query)s"
    pair = insert(Pair, joined, project="%(project)s", query="q.id", item="i.id", batch="%(batch)s")
    yield (
        f"WITH q AS MATERIALIZED {numbered.format('catalogue_query')},"
        f" i AS MATERIALIZED {numbered.format('catalogue_item')} {pair}"
    )
    yield "ANALYZE catalogue_query, catalogue_item, catalogue_snapshot, catalogue_pair"


def stock(project: Project, count: int, *, rich: bool = False) -> None:
    """`count` items called "Mug number N", PER_QUERY of them under each query; `rich`: a kilobyte each."""
    params: dict[str, Any] = {
        "project": project.pk, "batch": make_import(project=project).pk, "count": count, "per_query": PER_QUERY,
        "cpv": json.dumps(_TWELVE) if rich else "[]", "description": "A mug for tea. " * 30 if rich else "",
    }  # fmt: skip
    with connection.cursor() as cursor:
        for statement in _plain():
            cursor.execute(statement, params)


# a world in an empty database

_WORDS = """
CREATE TEMP TABLE word AS SELECT
  string_to_array('red blue green black white grey pink brown navy beige silver gold teal olive plum coral ivory khaki amber '
    'ruby', ' ') AS colours,
  string_to_array('mug lamp chair phone-case headphones shoes jacket kettle backpack sofa watch pillow knife tent keyboard '
    'bottle rug mirror towel clock', ' ') AS things,
  string_to_array('红色 蓝色 绿色 黑色 白色 灰色 粉色 棕色 藏青 米色', ' ') AS zh_colours,
  string_to_array('陶瓷杯 台灯 办公椅 手机壳 蓝牙耳机 运动鞋 羽绒服 电热水壶 双肩包 沙发 手表 枕头 菜刀 帐篷 键盘 保温杯 地毯 镜子 '
    '毛巾 时钟', ' ') AS zh_things
"""
_QUERY = """CASE WHEN n %% 2 = 0
   THEN colours[1 + n %% 20] || ' ' || things[1 + n / 20 %% 20] || ' ' || n
   ELSE zh_colours[1 + n %% 10] || zh_things[1 + n / 10 %% 20] || n END"""
_TITLE = """CASE WHEN n / 20 %% 2 = 0
   THEN 'brand' || n %% 997 || ' ' || colours[1 + n %% 20] || ' ' || things[1 + n / 20 %% 20] || ' with '
     || colours[1 + n / 7 %% 20] || ' cover, series ' || n %% 4999 || ', model X' || n
   ELSE '品牌' || n %% 997 || ' ' || zh_colours[1 + n %% 10] || zh_things[1 + n / 10 %% 20] || '新款家用大容量'
     || zh_colours[1 + n / 7 %% 10] || ' 型号X' || n END"""
_CPV = """'[["colour", "red"], ["material", "steel"], ["capacity", "500 ml"], ["brand", "none"]]'"""
_GOLD = """CASE WHEN n <= %(judged)s AND n %% 20 <> 0 THEN 'L' || 1 + n %% 4
   WHEN n > %(pairs)s - %(pairs)s / 20 THEN 'L' || 3 + n %% 2 ELSE '' END"""
_SAID = "LATERAL (SELECT 'L' || 1 + (n + CASE WHEN n %% 20 = 0 THEN k ELSE 0 END) %% 4 AS label) said"


def _whole() -> Iterator[str]:
    """Rows that fit together: pair, item and snapshot n under query 1 + (n - 1) / 20, slots and judgments 2n and 2n + 1."""
    project, batch, base, query = "%(project)s", "%(batch)s", "%(rule_base)s", "1 + (n - 1) / %(per_query)s"
    pairs, predicted = "generate_series(1, %(pairs)s) n", "generate_series(1, %(pairs)s / 2) n"
    twice = "generate_series(1, %(judged)s) n, generate_series(0, 1) k"
    judge, colour = "1 + (n + k * 37) %% %(people)s", "CASE WHEN {} = 'L2' THEN 'colour' ELSE '' END"
    answer = "'L' || 1 + (n + n / 13 %% 2) %% 4"
    queries = "word, generate_series(1, %(queries)s) n"
    yield insert(Query, queries, id="n", project=project, text=_QUERY, is_benchmark="n %% 50 = 0")
    yield insert(Item, pairs, id="n", project=project, external_id="'item-' || n", current_snapshot="n")
    yield insert(
        Snapshot, f"word, {pairs}", id="n", item="n", sha256="lpad(n::text, 64, '0')", title=_TITLE,
        category="'Home > Kitchen > Drinking'", cpv=_CPV, shop="'shop ' || n %% 97",
        description="repeat('A thing for every day. ', 8)", selling_points="""'["sturdy", "light"]'""",
        price="'19.90'", batch=batch,
    )  # fmt: skip
    named = {"external_id": "'pair-' || n", "gold_label": _GOLD}
    flags = {"judged": "n <= %(judged)s", "predicted": "n <= %(pairs)s / 2"}
    yield insert(Pair, pairs, id="n", project=project, query=query, item="n", batch=batch, **named, **flags)
    yield insert(
        Slot, f"{pairs}, generate_series(0, 1) k", id="2 * n + k", project=project, pair="n", number="k + 1",
        state="CASE WHEN n <= %(judged)s THEN 'done' ELSE 'open' END",
        mode=f"CASE WHEN ({query}) %% 50 = 0 THEN 'blind' ELSE '' END",
        position=f"(({query})::bigint << 20) + n %% (1 << 20)",
    )  # fmt: skip
    body = """'{"rows": [], "overlap": 0.0, "extractor_version": "world"}'"""
    yield insert(Grid, predicted, id="n", query=query, snapshot="n", extractor="'world'", body=body)
    yield insert(
        Prediction, predicted, id="n", pair="n", snapshot="n", model="%(model)s", rule_base=base, grid="n",
        prompt_digest="repeat('1', 64)", key_sha256="lpad(n::text, 64, '0')", status="'ok'", label=answer,
        mismatch=colour.format(answer), posterior="""'{"L1": 0.1, "L2": 0.1, "L3": 0.1, "L4": 0.7}'""", margin="0.6",
        tokens_in="800", tokens_out="60", tokens_cached="600", seconds="0.5",
    )  # fmt: skip
    yield insert(Judge, "projects_person", id="row_number() OVER (ORDER BY id)", project=project, person="id")
    shown = {"pair": "n", "snapshot": "n", "grid": "n", "rule_base": base, "mode": "'facts'", "round": "1"}
    held = {"slot": "2 * n + k", "token": "gen_random_uuid()", "until": "now() - interval '1 day'", "state": "'used'"}
    holders = f"{twice}, annotation_judge j WHERE j.id = {judge} ORDER BY n"
    yield insert(Lease, holders, person="j.person_id", **shown, **held)
    yield insert(
        Judgment, f"{twice}, {_SAID}", id="2 * n + k", judge=judge, slot="2 * n + k", outcome="'label'",
        label="label", mismatch=colour.format("label"), seconds="3", idempotency_key="gen_random_uuid()",
        recorded_at="now() - interval '30 days' * (1 - n::float / %(judged)s)", **shown,
    )  # fmt: skip
    yield insert(
        Gold, "catalogue_pair WHERE gold_label <> ''", pair="id", label="gold_label",
        mismatch=colour.format("gold_label"), ground="CASE WHEN judged THEN 'consensus' ELSE 'import' END",
        snapshot="item_id", judgments="CASE WHEN judged THEN jsonb_build_array(2 * id, 2 * id + 1) ELSE '[]' END",
        batch=f"CASE WHEN judged THEN NULL ELSE {batch} END",
    )  # fmt: skip
    disputed = "generate_series(20, %(judged)s, 20) n"
    yield insert(Disagreement, disputed, id="n / 20", project=project, pair="n", kind="'human_human'", state="'open'")
    between = Disagreement.judgments.through
    yield insert(between, f"{disputed}, generate_series(0, 1) k", disagreement="n / 20", judgment="2 * n + k")
    counted = "annotation_judgment GROUP BY judge_id, recorded_at::date"
    yield insert(DayOfWork, counted, judge="judge_id", day="recorded_at::date", done="count(*)")
    reporter = "(SELECT min(id) FROM projects_person)"
    reported = "generate_series(7, %(pairs)s, 500) n"
    yield insert(BadCase, reported, project=project, pair="n", snapshot="n", reported_by=reporter, state="'open'")


def fill(pairs: int) -> Project:
    """A world of so many pairs in the database that Django's own connection leads to."""
    project = Project.objects.create(slug=SLUG, name="World", overlap=2, mode="facts")
    labelers = {f"labeler-{number}": Role.LABELER for number in range(PEOPLE)}
    make_people(project=project, roles={**labelers, **OTHERS})
    model = make_model(name="world")
    activate(model=model, project=project)
    params: dict[str, Any] = {
        "project": project.pk, "model": model.pk,
        "rule_base": RuleBaseVersion.objects.create(number=1, digest="1").pk,
        "batch": make_import(project=project, state="done").pk, "pairs": pairs, "queries": pairs // PER_QUERY,
        "per_query": PER_QUERY, "judged": pairs // 5, "people": PEOPLE,
    }  # fmt: skip
    with as_owner(str(connection.settings_dict["NAME"])) as cursor:
        cursor.execute("SET session_replication_role = replica; SET synchronous_commit = off")  # rows that fit together
        cursor.execute(_WORDS)
        for statement in _whole():
            cursor.execute(statement, params)
        for numbered in (Query, Item, Snapshot, Pair, Slot, Grid, Prediction, Judge, Judgment, Disagreement):
            table = numbered._meta.db_table
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id) + 1) FROM {table}")
    return project
