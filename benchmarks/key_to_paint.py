"""From a key press to the next card painted, in a real Chromium, at a human pace.

    python -m benchmarks.key_to_paint [--pairs 100000] [--judgments 60] [--pause 1.0]

Over a world (benchmarks.world) whose cards carry photographs, a real gunicorn and a headless Chromium. A judgment is a
real key press, a pause after the last card; the time runs from the event's own stamp to the first message after the
frame that shows another card. Told for the card held ready and, in the same run, without it (ahead.js is withheld), and
for the floor: the same key on the same page when all it does is to replace a word. `picture_ready` is the share of cards whose
photograph was decoded at that moment.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks import world
from projects.models import Person
from tests.drills.http_people import HttpPerson
from tests.e2e.conftest import FLAGS, chromium
from tests.processes import web_server

# Waits for a frame in which the card is another one, then for the first task after that frame.
CLOCK = """() => {
  window.told = [];
  const token = () => document.getElementById("card")?.dataset.token ?? "";
  const painted = (then) => requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = then;
    port2.postMessage(0);
  });
  addEventListener("keydown", (event) => {
    if (event.code === "KeyX") {
      document.querySelector("#card .mode").textContent = String(Math.random());
      return painted(() => window.told.push({ ms: performance.now() - event.timeStamp, picture: true }));
    }
    const before = token();
    const look = () => {
      if (token() === before) return requestAnimationFrame(look);
      const photo = document.querySelector("img[data-photo]");
      const picture = !photo || (photo.complete && photo.naturalWidth > 0);
      painted(() => window.told.push({ ms: performance.now() - event.timeStamp, picture }));
    };
    setTimeout(look);
  }, true);
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=100_000)
    parser.add_argument("--judgments", type=int, default=60)
    parser.add_argument("--pause", type=float, default=1.0)
    options = parser.parse_args()
    world.make(options.pairs)
    with world.entered(options.pairs) as environment, tempfile.TemporaryDirectory() as folder:
        people = [
            HttpPerson("http://-", person) for person in Person.objects.filter(username__startswith="labeler-")[:2]
        ]
        with web_server(environment, Path(folder)) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
            found = {
                "held_ready": _judge(browser, address, people[0], options, ahead=True),
                "without": _judge(browser, address, people[1], options, ahead=False),
            }
            browser.close()
    for name, figures in found.items():
        sys.stderr.write(f"{name:12} {figures}\n")
    sys.stdout.write(json.dumps({"pairs": options.pairs, **found}) + "\n")


def _judge(
    browser: Browser, address: str, person: HttpPerson, options: argparse.Namespace, *, ahead: bool
) -> dict[str, Any]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    for pair in person.cookie.split("; "):
        name, value = pair.split("=")
        context.add_cookies([{"name": name, "value": value, "url": address}])
    page = context.new_page()
    if not ahead:
        page.route("**/js/ahead.js", lambda route: route.fulfill(body="", content_type="text/javascript"))
    page.goto(f"{address}/p/{world.SLUG}/judge/")
    page.evaluate(CLOCK)
    time.sleep(2 * options.pause)
    floor = [_press(page, "x", options.pause / 4)["ms"] for _ in range(options.judgments // 2)]
    for _ in range(5):
        _press(page, "3", options.pause)
    told = [_press(page, "134"[number % 3], options.pause) for number in range(options.judgments)]
    context.close()
    times = [one["ms"] for one in told]
    return {
        "n": len(times),
        "median_ms": round(statistics.median(times), 1),
        "p95_ms": round(statistics.quantiles(times, n=20)[-1], 1),
        "most_ms": round(max(times), 1),
        "picture_ready": round(sum(one["picture"] for one in told) / len(told), 3),
        "floor_median_ms": round(statistics.median(floor), 1),
        "floor_p95_ms": round(statistics.quantiles(floor, n=20)[-1], 1),
    }


def _press(page: Page, key: str, pause: float) -> dict[str, Any]:
    before = page.evaluate("window.told.length")
    page.keyboard.press(key)
    page.wait_for_function("before => window.told.length > before", arg=before)
    time.sleep(pause)
    told: dict[str, Any] = page.evaluate("window.told.at(-1)")
    return told


if __name__ == "__main__":
    main()
