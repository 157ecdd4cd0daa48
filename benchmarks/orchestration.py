"""How busy the pre-label workers keep a model server of known rate, and whether a long queue costs memory.

    python -m benchmarks.orchestration [--rate 50] [--width 32] [--pairs 1000]

A server serves RATE pairs a second, WIDTH requests at once; a worker process works against it. Busy is the share of the
server's slots in use between the first request and the last answer.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time

from annotation import prelabelling, run_progress
from annotation.models import Import, Item, Pair, Query, Snapshot
from annotation.prelabelling import Wish
from inference import prompt_versions
from inference.models import ModelVersion
from projects.models import Project
from tests.misbehaving.server import running


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=int, default=50)
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--pairs", type=int, default=1000)
    options = parser.parse_args()
    name = f"orchestration-{time.time_ns()}"
    project = Project.objects.create(slug=name, name=name)
    batch = Import.objects.create(project=project, kind="pairs", file_name="-", source="-", licence="-", confirmed=True)
    queries = Query.objects.bulk_create(Query(project=project, text=f"mug {n}") for n in range(options.pairs // 20 + 1))
    items = Item.objects.bulk_create(Item(project=project, external_id=str(n)) for n in range(options.pairs))
    snapshots = Snapshot.objects.bulk_create(
        Snapshot(item=item, sha256=f"{n:064x}", title=f"Mug number {n}", batch=batch) for n, item in enumerate(items)
    )
    for item, snapshot in zip(items, snapshots, strict=True):
        item.current_snapshot = snapshot
    Item.objects.bulk_update(items, ["current_snapshot"], batch_size=5000)
    Pair.objects.bulk_create(
        Pair(project=project, query=queries[n // 20], item=item, batch=batch) for n, item in enumerate(items)
    )
    prompt = prompt_versions.active()
    with running() as server:
        mode = f"paced-{options.rate * 2}-{options.width}"  # a pair is two requests: the grade, then the chain
        ModelVersion.objects.create(
            name=name, engine="openai_server", target=server.base_url(mode), revision="1", prompt=prompt, learnt=True,
            prompt_version=prompt_versions.value(prompt.pk).version, options={"model": "lore", "guideline": False},
        )  # fmt: skip
        run = prelabelling.start_run(project, None, Wish(name))
        environment = {**os.environ, "LORE_WORKER_THREADS": "6"}
        worker = subprocess.Popen([sys.executable, "manage.py", "work"], env=environment)
        try:
            began = time.monotonic()
            while prelabelling.is_open(run):
                time.sleep(1)
            seconds = time.monotonic() - began
            counted = server.counts()["modes"][mode]
        finally:
            worker.terminate()
            worker.wait()
    found = run_progress.progress(run)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    sys.stdout.write(json.dumps({"rate": options.rate, "pairs": options.pairs, "ok": found.ok, "dead": found.dead,
                                 "seconds": round(seconds, 1), "pairs_per_second": round(found.ok / seconds, 1),
                                 "server": counted, "worker_peak_mib": peak}) + "\n")  # fmt: skip


if __name__ == "__main__":
    main()
