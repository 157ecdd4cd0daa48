"""How long the list of pairs takes: every filter, labels, words in English and Chinese, from the first page and from far in.

    python -m benchmarks.listing [--pairs 100000] [--times 20]

Over a world (benchmarks.world). Told per case: the median and the 95th percentile of a page over real HTTP-less requests
(Django's test client: gate, session, statements, template), and as the floor, in the same run, the page of a project with
no pairs. `worst` names the slowest case. Also the other pages that people open daily, once cold and then warm.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django.test import Client

from annotation.pairs import finding
from benchmarks import world
from projects.models import Membership, Person, Project, Role
from relevance import segmenting

ROLES = (Role.LEAD, Role.ADJUDICATOR, Role.RULE_OWNER, Role.ML_ENGINEER, Role.LABELER)
PAGES = ("/", "/p/world/", "/p/world/judge/", "/p/world/disputes/", "/p/world/bad-cases/", "/p/world/runs/",
         "/p/world/models/", "/p/world/imports/", "/p/world/exports/", "/p/world/hard-sets/", "/p/world/standard/",
         "/p/world/standard/weak-spots/", "/p/world/stale/", "/p/world/agreement/", "/p/world/knowledge/", "/p/world/members/",
         "/p/world/audit/")  # fmt: skip


def cases(pairs: int, project: Project) -> Iterator[dict[str, Any]]:
    texts = ("mug", "red mug", "brand7", "brand7 red", "series 4321", f"X{pairs - 3}", f"pair-{pairs // 2}", "item-77",
             "zzz", "hea", "br", "红色", "蓝牙耳机", "红色陶瓷杯", "型号", "品牌 耳机", "耳", f"{pairs // 20}")  # fmt: skip
    chosen: list[dict[str, Any]] = [
        {},
        *({"only": name} for name in finding.filters(project)),
        {"label": "L1"},
        {"label": "L4"},
    ]
    chosen += [{"text": text} for text in texts]
    chosen += [{"text": "mug", "only": "judged"}, {"text": "耳机", "only": "not_predicted"}, {"text": "mug", "label": "L4"},
               {"text": "brand7", "only": "disputed"}, {"text": "red", "only": "benchmark"}]  # fmt: skip
    places: tuple[dict[str, Any], ...] = ({}, {"before": int(pairs * 0.93)}, {"after": int(pairs * 0.05)})
    for one in chosen:
        for place in places:
            yield {**one, **place}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=20)
    options = parser.parse_args()
    world.make(options.pairs)
    segmenting.words("红")  # jieba's dictionary
    with world.entered(options.pairs):
        lead = Client(SERVER_NAME="localhost")
        lead.force_login(_everyone(), backend="django.contrib.auth.backends.ModelBackend")
        floor = [_seconds(lead, "/p/empty/pairs/") for _ in range(options.times)]
        found = {}
        for case in cases(options.pairs, Project.objects.get(slug=world.SLUG)):
            listed = f"/p/world/pairs/?{urlencode(case)}"
            _seconds(lead, listed)
            found[json.dumps(case, ensure_ascii=False)] = [_seconds(lead, listed) for _ in range(options.times)]
        pages = {path: [_seconds(lead, path) for _ in range(1 + options.times // 4)] for path in PAGES}
    for name, times in sorted(found.items(), key=lambda one: -_p95(one[1])):
        sys.stderr.write(
            f"{name:60} median {1000 * statistics.median(times):7.1f} ms  p95 {1000 * _p95(times):7.1f} ms\n"
        )
    for path, times in pages.items():
        warm = 1000 * statistics.median(times[1:])
        sys.stderr.write(f"{path:60} first {1000 * times[0]:8.1f} ms  then {warm:7.1f} ms\n")
    everything = [one for times in found.values() for one in times]
    worst = max(found, key=lambda case: _p95(found[case]))
    sys.stdout.write(json.dumps({
        "pairs": options.pairs, "cases": len(found),
        "median_ms": round(1000 * statistics.median(everything), 1), "p95_ms": round(1000 * _p95(everything), 1),
        "worst": worst, "worst_p95_ms": round(1000 * _p95(found[worst]), 1),
        "floor_median_ms": round(1000 * statistics.median(floor), 1), "floor_p95_ms": round(1000 * _p95(floor), 1),
        "slow_pages": {path: round(1000 * times[0]) for path, times in pages.items() if times[0] > 0.3},
    }, ensure_ascii=False) + "\n")  # fmt: skip


def _everyone() -> Person:
    """Someone who may open every page, of the world and of a project with nothing in it."""
    person, _ = Person.objects.get_or_create(username="everyone")
    empty, _ = Project.objects.get_or_create(slug="empty", defaults={"name": "Empty"})
    for project in (empty, Project.objects.get(slug=world.SLUG)):
        for role in ROLES:
            Membership.objects.get_or_create(project=project, person=person, role=role)
    return person


def _seconds(client: Client, path: str) -> float:
    began = time.perf_counter()
    response = client.get(path)
    took = time.perf_counter() - began
    assert response.status_code == 200, (path, response.status_code)
    return took


def _p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


if __name__ == "__main__":
    main()
