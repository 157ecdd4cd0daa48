"""Pictures a second through the decoding child, beside a bare decode and encode in this process, and what it costs here.

    python -m benchmarks.thumbnails --data DIR [--pictures 400] [--rounds 3]

DIR holds a folder `photos`. The floor is the child's own code, called in a process of its own that keeps no limit and
no pipe. Rounds of both take turns, each through all pictures; told are the medians, also of processor time (all processes,
their start included), which depends less on what else the machine does. One JSON object on the last line.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import cycle, islice
from pathlib import Path

import benchmarks  # noqa: F401  (sets Django up)
from catalogue.pictures.decoding import Decoders

_FLOOR = """
import sys, time
from pathlib import Path
from catalogue.pictures.decoding_child import encode
paths = [line for line in sys.stdin.read().splitlines()]
data = [Path(path).read_bytes() for path in paths]
encode(data[0])
began = time.perf_counter()
for one in data:
    encode(one)
print(time.perf_counter() - began)
"""


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--data", type=Path, required=True)
    asked.add_argument("--pictures", type=int, default=400)
    asked.add_argument("--rounds", type=int, default=3)
    options = asked.parse_args()
    paths = list(islice(cycle(sorted((options.data / "photos").glob("*.jpg"))), options.pictures))
    floors, through = [], []
    before = resident_kib()
    for _round in range(options.rounds):
        floors.append(measured(floor, paths))
        through.append(measured(child, paths))
    grown = resident_kib() - before
    bare, ours = (options.pictures / statistics.median(wall for wall, _cpu in one) for one in (floors, through))
    bare_cpu, our_cpu = (
        1000 * statistics.median(cpu for _wall, cpu in one) / options.pictures for one in (floors, through)
    )
    found = {
        "pictures": options.pictures,
        "bytes": sum(path.stat().st_size for path in paths) // len(paths),
        "bare_per_second": round(bare, 1),
        "child_per_second": round(ours, 1),
        "ratio": round(ours / bare, 3),
        "bare_cpu_ms": round(bare_cpu, 1),
        "child_cpu_ms": round(our_cpu, 1),
        "parent_grown_mib": round(grown / 1024, 1),
    }
    sys.stdout.write(json.dumps(found) + "\n")


def floor(paths: list[Path]) -> float:
    told = "\n".join(map(str, paths))
    ended = subprocess.run([sys.executable, "-c", _FLOOR], input=told, capture_output=True, text=True, check=True)
    return float(ended.stdout)


def child(paths: list[Path]) -> float:
    decoders = Decoders()
    data = [path.read_bytes() for path in paths]
    decoders.encode(data[0])
    began = time.perf_counter()
    for one in data:
        decoders.encode(one)
    seconds = time.perf_counter() - began
    decoders.end()
    return seconds


def measured(run: Callable[[list[Path]], float], paths: list[Path]) -> tuple[float, float]:
    """Seconds of the pictures alone, and of processor time in all."""
    before = processor_seconds()
    return run(paths), processor_seconds() - before


def processor_seconds() -> float:
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in spent)


def resident_kib() -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1])


if __name__ == "__main__":
    main()
