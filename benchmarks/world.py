"""A project of any number of pairs with people, judgments, predictions, gold and disputes, written by the database itself.

    python -m benchmarks.world --pairs 1000000

makes the database `lore_world_1000000` beside the embedded server's own, unless it is there. Half of the titles are
Chinese. The first fifth of the pairs is judged by two of the hundred labelers each, the first half has predictions, one
pair in twenty carries imported gold at the far end, one judged pair in twenty is in dispute, one query in fifty is
benchmark; the next PICTURED pairs to be judged have a photograph each. Words are read as the worker reads them
(annotation.wording); `words_per_second` is told.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import PIL.Image
from django.conf import settings
from django.db import connection

from annotation import images, wording
from annotation.models import Image
from inference.models import ActiveModel, ModelVersion
from lore_app.database import connected_as
from projects.models import Membership, Person, Project, Role
from rules.models import RuleBaseVersion
from tests.conftest import as_owner, clone, make_template, url_of

SLUG = "world"
PEOPLE = 100
PER_QUERY = 20
PICTURED, PICTURES = 5000, 40

_PREPARE = """
CREATE TEMP TABLE word AS SELECT
  string_to_array('red blue green black white grey pink brown navy beige silver gold teal olive plum coral ivory khaki amber '
    'ruby', ' ') AS colours,
  string_to_array('mug lamp chair phone-case headphones shoes jacket kettle backpack sofa watch pillow knife tent keyboard '
    'bottle rug mirror towel clock', ' ') AS things,
  string_to_array('红色 蓝色 绿色 黑色 白色 灰色 粉色 棕色 藏青 米色', ' ') AS zh_colours,
  string_to_array('陶瓷杯 台灯 办公椅 手机壳 蓝牙耳机 运动鞋 羽绒服 电热水壶 双肩包 沙发 手表 枕头 菜刀 帐篷 键盘 保温杯 地毯 镜子 '
    '毛巾 时钟', ' ') AS zh_things
"""
_STATEMENTS = (
    """INSERT INTO annotation_import (project_id, kind, file_name, stored_as, images_folder, source, licence, attribution,
         preset, mapping, scale_name, confirmed, bytes_total, bytes_read, read, new, known, changed, rejected, gold, ratings,
         images, state, attempts, error)
       VALUES (%(project)s, 'pairs', 'world', '', '', 'made up', 'CC0-1.0', '', '', '{}', '', true, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
         'done', 0, '')""",
    """INSERT INTO annotation_query (id, project_id, text, locale, is_benchmark)
       SELECT n, %(project)s, CASE WHEN n %% 2 = 0
           THEN colours[1 + n %% 20] || ' ' || things[1 + n / 20 %% 20] || ' ' || n
           ELSE zh_colours[1 + n %% 10] || zh_things[1 + n / 10 %% 20] || n END, '', n %% 50 = 0
       FROM word, generate_series(1, %(queries)s) n""",
    """INSERT INTO annotation_item (id, project_id, external_id, current_snapshot_id)
       SELECT n, %(project)s, 'item-' || n, n FROM generate_series(1, %(pairs)s) n""",
    """INSERT INTO annotation_snapshot (id, item_id, sha256, title, category, cpv, skus, images, shop, description,
         selling_points, price, sanitised, batch_id)
       SELECT n, n, lpad(n::text, 64, '0'), CASE WHEN n / 20 %% 2 = 0
           THEN 'brand' || n %% 997 || ' ' || colours[1 + n %% 20] || ' ' || things[1 + n / 20 %% 20] || ' with '
             || colours[1 + n / 7 %% 20] || ' cover, series ' || n %% 4999 || ', model X' || n
           ELSE '品牌' || n %% 997 || ' ' || zh_colours[1 + n %% 10] || zh_things[1 + n / 10 %% 20] || '新款家用大容量'
             || zh_colours[1 + n / 7 %% 10] || ' 型号X' || n END,
         'Home > Kitchen > Drinking', '[["colour", "red"], ["material", "steel"], ["capacity", "500 ml"], ["brand", "none"]]',
         '[]', '[]', 'shop ' || n %% 97, repeat('A thing for every day. ', 8), '["sturdy", "light"]', '19.90', 0, %(batch)s
       FROM word, generate_series(1, %(pairs)s) n""",
    """INSERT INTO annotation_pair (id, project_id, query_id, item_id, batch_id, external_id, gold_label, judged, predicted)
       SELECT n, %(project)s, 1 + (n - 1) / %(per_query)s, n, %(batch)s, 'pair-' || n,
         CASE WHEN n <= %(judged)s AND n %% 20 <> 0 THEN 'L' || 1 + n %% 4
              WHEN n > %(pairs)s - %(pairs)s / 20 THEN 'L' || 3 + n %% 2 ELSE '' END,
         n <= %(judged)s, n <= %(pairs)s / 2
       FROM generate_series(1, %(pairs)s) n""",
    """INSERT INTO annotation_slot (id, project_id, pair_id, round, number, state, mode, position)
       SELECT 2 * n + k, %(project)s, n, 1, k + 1, CASE WHEN n <= %(judged)s THEN 'done' ELSE 'open' END,
         CASE WHEN (1 + (n - 1) / %(per_query)s) %% 50 = 0 THEN 'blind' ELSE '' END,
         ((1 + (n - 1) / %(per_query)s)::bigint << 20) + n %% (1 << 20)
       FROM generate_series(1, %(pairs)s) n, generate_series(0, 1) k""",
    """INSERT INTO annotation_grid (id, query_id, snapshot_id, extractor, body)
       SELECT n, 1 + (n - 1) / %(per_query)s, n, 'world', '{"rows": [], "overlap": 0.0, "extractor_version": "world"}'
       FROM generate_series(1, %(pairs)s / 2) n""",
    """INSERT INTO annotation_prediction (id, pair_id, snapshot_id, model_id, rule_base_id, grid_id, knowledge, prompt_digest,
         sampling, key_sha256, status, reason, label, mismatch, posterior, margin, samples, contradicts, moved, signals,
         tokens_in, tokens_out, tokens_cached, seconds)
       SELECT n, n, n, %(model)s, %(rule_base)s, n, '[]', repeat('1', 64), '{}', lpad(n::text, 64, '0'), 'ok', '',
         'L' || 1 + (n + n / 13 %% 2) %% 4, CASE WHEN (n + n / 13 %% 2) %% 4 = 1 THEN 'colour' ELSE '' END,
         '{"L1": 0.1, "L2": 0.1, "L3": 0.1, "L4": 0.7}', 0.6, '[]', '[]', '[]', '[]', 800, 60, 600, 0.5
       FROM generate_series(1, %(pairs)s / 2) n""",
    """INSERT INTO annotation_judge (id, project_id, person_id, rater)
       SELECT row_number() OVER (ORDER BY id), %(project)s, id, '' FROM projects_person""",
    """INSERT INTO annotation_lease (slot_id, pair_id, round, person_id, token, mode, snapshot_id, grid_id, rule_base_id,
         state, until)
       SELECT 2 * n + k, n, 1, j.person_id, gen_random_uuid(), 'facts', n, n, %(rule_base)s, 'used', now() - interval '1 day'
       FROM generate_series(1, %(judged)s) n, generate_series(0, 1) k, annotation_judge j
       WHERE j.id = 1 + (n + k * 37) %% %(people)s ORDER BY n""",
    """INSERT INTO annotation_judgment (id, pair_id, judge_id, round, revision, slot_id, snapshot_id, outcome, label, mismatch,
         reason, note, mode, late, seconds, idempotency_key, body_sha256, grid_id, rule_base_id, recorded_at)
       SELECT 2 * n + k, n, 1 + (n + k * 37) %% %(people)s, 1, 1, 2 * n + k, n, 'label', label,
         CASE WHEN label = 'L2' THEN 'colour' ELSE '' END, '', '', 'facts', false, 3, gen_random_uuid(), '', n, %(rule_base)s,
         now() - interval '30 days' * (1 - n::float / %(judged)s)
       FROM generate_series(1, %(judged)s) n, generate_series(0, 1) k,
         LATERAL (SELECT 'L' || 1 + (n + CASE WHEN n %% 20 = 0 THEN k ELSE 0 END) %% 4 AS label) said""",
    """INSERT INTO annotation_gold (pair_id, revision, label, mismatch, ground, snapshot_id, judgments, batch_id)
       SELECT id, 1, gold_label, CASE WHEN gold_label = 'L2' THEN 'colour' ELSE '' END,
         CASE WHEN judged THEN 'consensus' ELSE 'import' END, item_id,
         CASE WHEN judged THEN jsonb_build_array(2 * id, 2 * id + 1) ELSE '[]' END,
         CASE WHEN judged THEN NULL ELSE %(batch)s END FROM annotation_pair WHERE gold_label <> ''""",
    """INSERT INTO annotation_disagreement (id, project_id, pair_id, kind, state)
       SELECT n / 20, %(project)s, n, 'human_human', 'open' FROM generate_series(20, %(judged)s, 20) n""",
    """INSERT INTO annotation_disagreement_judgments (disagreement_id, judgment_id)
       SELECT n / 20, 2 * n + k FROM generate_series(20, %(judged)s, 20) n, generate_series(0, 1) k""",
    """INSERT INTO annotation_dayofwork (judge_id, day, done)
       SELECT judge_id, recorded_at::date, count(*) FROM annotation_judgment GROUP BY 1, 2""",
    """INSERT INTO annotation_badcase (project_id, pair_id, snapshot_id, reported_by_id, cause, state)
       SELECT %(project)s, n, n, (SELECT min(id) FROM projects_person), '', 'open' FROM generate_series(7, %(pairs)s, 500) n""",
)
_TABLES = ("query", "item", "snapshot", "pair", "slot", "grid", "prediction", "judge", "lease", "judgment", "gold",
           "disagreement", "disagreement_judgments", "dayofwork", "badcase", "import")  # fmt: skip


def database(pairs: int) -> str:
    return f"lore_world_{pairs}"


@contextmanager
def entered(pairs: int) -> Iterator[dict[str, str]]:
    """Django's own connection leads there meanwhile; yields the environment in which other processes find it."""
    before = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = database(pairs)
    kept = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "LORE_DEMO"}}
    try:
        yield {**kept, "DATABASE_URL": url_of(database(pairs)), "LORE_DATA_DIR": str(settings.DATA_DIR)}
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before


def make(pairs: int) -> dict[str, Any]:
    """Seconds to write the rows and to read the words; nothing where the world is there already."""
    with as_owner() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database(pairs)])
        if cursor.fetchone():
            return {}
    clone(make_template(), database(pairs))
    with entered(pairs):
        began = time.monotonic()
        _write(pairs)
        _picture(Project.objects.get(slug=SLUG), pairs)
        wrote = time.monotonic()
        while wording.read_some():
            pass
        read = time.monotonic()
        _settle_down()
    return {"rows_seconds": round(wrote - began), "words_per_second": round(pairs / (read - wrote))}


def _write(pairs: int) -> None:
    project = Project.objects.create(slug=SLUG, name="World", overlap=2)
    people = [Person(username=f"labeler-{n}", name=f"Labeler {n}", password="!") for n in range(PEOPLE)]
    people += [Person(username=name, password="!") for name in ("lead", "ada", "max", "rosa")]
    Person.objects.bulk_create(people)
    roles = [*[Role.LABELER] * PEOPLE, Role.LEAD, Role.ADJUDICATOR, Role.ML_ENGINEER, Role.RULE_OWNER]
    Membership.objects.bulk_create(
        Membership(project=project, person=person, role=role) for person, role in zip(people, roles, strict=True)
    )
    model = ModelVersion.objects.create(name="world", engine="scripted", revision="1", prompt_version="1")
    ActiveModel.objects.create(project=project, model=model)
    rule_base = RuleBaseVersion.objects.create(number=1, digest="1")
    params = {"project": project.pk, "model": model.pk, "rule_base": rule_base.pk, "batch": 1, "pairs": pairs,
              "queries": pairs // PER_QUERY, "per_query": PER_QUERY, "judged": pairs // 5, "people": PEOPLE}  # fmt: skip
    owner = {**settings.OWNER_DATABASE, "NAME": database(pairs)}
    with connected_as(owner), connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica; SET synchronous_commit = off")  # rows that fit together
        cursor.execute(_PREPARE)
        for statement in _STATEMENTS:
            cursor.execute(statement, params)
        for table in _TABLES:
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('annotation_{table}', 'id'),"
                           f" (SELECT coalesce(max(id), 0) + 1 FROM annotation_{table}))")  # fmt: skip


def _picture(project: Project, pairs: int) -> None:
    """Noise as large as a product photo, and as hard to compress."""
    sha256 = []
    for number in range(PICTURES):
        data = BytesIO()
        noise = PIL.Image.effect_noise((400, 400), 40 + number).convert("RGB").resize((1200, 1200))
        noise.save(data, "JPEG", quality=85)
        stored = images.store(project, f"{number}.jpg", data.getvalue())
        assert isinstance(stored, Image), stored
        sha256.append(stored.sha256)
    with connected_as({**settings.OWNER_DATABASE, "NAME": database(pairs)}), connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            "UPDATE annotation_snapshot SET images = to_jsonb(ARRAY[(%s::text[])[1 + id %% %s]]) WHERE id > %s AND id <= %s",
            [sha256, PICTURES, pairs // 5, pairs // 5 + PICTURED],
        )


def _settle_down() -> None:
    """What autovacuum does within minutes."""
    owner = {**settings.OWNER_DATABASE, "NAME": connection.settings_dict["NAME"]}
    with connected_as(owner), connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
        cursor.execute("CHECKPOINT")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=100_000)
    options = parser.parse_args()
    sys.stdout.write(json.dumps({"pairs": options.pairs, **make(options.pairs)}) + "\n")


if __name__ == "__main__":
    main()
