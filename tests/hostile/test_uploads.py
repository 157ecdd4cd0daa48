"""T56: what is sent is counted while it arrives, and refused before it costs memory, disk or time."""

from __future__ import annotations

import contextlib
import gc
import io
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from pyarrow import parquet

from catalogue.child_processes import Child
from catalogue.importing import running
from catalogue.importing.meaning.inspecting import Origin, look
from catalogue.importing.meaning.presets import OWN
from catalogue.importing.opening import ImportFile
from catalogue.importing.reading.limits import UPLOAD
from catalogue.importing.reading.readers import FileRefused, RowReader
from catalogue.importing.running import Plan
from catalogue.models import Import
from jobs import leasing
from projects.models import Project
from tests.conftest import Cast, FreshDatabase, make_cast
from tests.hostile.files import (
    GOOD,
    as_parquet,
    entries_used_often,
    hostile_files,
    one_large_page,
    repeated,
    with_a_lying_footer,
)
from tests.processes import ROOT, web_server
from tests.world.files import write_parquet

MEBIBYTE = 1 << 20


def peak_growth(act: Callable[[], Any]) -> int:
    """Bytes by which this process's memory grew at most while it ran."""
    Path("/proc/self/clear_refs").write_text("5")  # the high-water mark begins anew
    before = memory("VmRSS")
    act()
    return memory("VmHWM") - before


def memory(name: str, process: int | str = "self") -> int:
    status = Path(f"/proc/{process}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith(name)).split()[1]) * 1024


def test_twenty_files_cost_little_before_they_are_refused_or_listed(
    tmp_path: Path, figures: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    slow: dict[str, float] = {}
    grown: dict[str, float] = {}
    number = refused = 0
    for what, name, data in hostile_files():
        number += 1
        file = io.BytesIO(data)
        outcome: list[str] = []

        def read(file: io.BytesIO = file, name: str = name, outcome: list[str] = outcome) -> None:
            try:
                seen = look([ImportFile(name, file)])
                assert len(seen.columns) <= 300
            except FileRefused as refusal:
                outcome.append(str(refusal))

        since = time.process_time()
        growth = peak_growth(read)
        seconds = time.process_time() - since
        refused += bool(outcome)
        if seconds > 5:
            slow[what] = seconds
        if growth > 100 * MEBIBYTE:
            grown[what] = growth / MEBIBYTE
    figures(
        "T56 files", files=number, refused=refused, listed=number - refused, slow=len(slow), over_100_mib=len(grown)
    )
    assert number >= 20 and (slow, grown) == ({}, {})
    assert not list(tmp_path.iterdir())


READ = """
import sys, django_stubs_ext
from django.conf import settings
from pyarrow import parquet
django_stubs_ext.monkeypatch()
settings.configure(USE_I18N=False)
from catalogue.importing.reading.readers import FileRefused, RowReader
def memory(name):
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(name))
begun = memory("VmRSS")
def naive(path):
    return len(parquet.read_table(path).to_pylist())
def ours(path):
    try:
        return sum(1 for row in RowReader(open(path, "rb"), "rows.parquet"))
    except FileRefused as refusal:
        return refusal
print(globals()[sys.argv[1]](sys.argv[2]))
print(memory("VmHWM") - begun)
"""


def read_alone(how: str, path: Path) -> tuple[str, float]:
    """What reading the file came to, and by how many MiB a process that does nothing else grew at most."""
    done = subprocess.run([sys.executable, "-c", READ, how, path], cwd=ROOT, capture_output=True, text=True, check=True)
    told, grown = done.stdout.splitlines()
    return told, round(int(grown) / 1024, 1)


def test_a_footer_that_lies_ends_the_child_and_costs_us_nothing(tmp_path: Path, figures: Callable[..., None]) -> None:
    path = tmp_path / "lies.parquet"
    path.write_bytes(with_a_lying_footer(one_large_page(120)))
    assert parquet.ParquetFile(path).metadata.row_group(0).total_byte_size < MEBIBYTE, "by the footer it is small"
    told, ours = read_alone("ours", path)
    assert told == "rows.parquet cannot be read: it takes more memory or time to unfold than a file may."
    _rows, naive = read_alone("naive", path)
    figures("T56 lie", ours_mib=ours, naive_control_mib=naive)
    assert ours < 20 and naive > 200


def imported(project: Project, path: Path) -> Import:
    """As a worker imports what was uploaded."""
    plan, origin = Plan(dict(OWN)), Origin("a shop", "CC0-1.0", "")
    batch = running.ordered_here(
        project, "pairs", [path], plan=plan, origin=origin, preset="", scale=project.scale, images=None
    )
    token = leasing.claim(Import, batch.pk)
    assert token is not None
    with path.open("rb") as file:
        running._run_to_end(batch, [ImportFile(path.name, file)], token, limits=UPLOAD)
    batch.refresh_from_db()
    return batch


def stored_bytes() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        return int(cursor.fetchone()[0])


def test_a_text_used_in_many_rows_is_counted_with_each_and_the_worker_keeps_nothing_of_it(
    project: Project, tmp_path: Path, figures: Callable[..., None]
) -> None:
    """H3: 3.9 KB took a worker to 11.9 GB, and 52 KB made 565 MB of database."""
    files = [(what, tmp_path / name, data) for what, name, data in entries_used_often()]
    for _what, path, data in files:
        path.write_bytes(data)
    told = {}
    for what, path, data in files:
        gc.collect()
        database, before, outcome = stored_bytes(), memory("VmRSS"), []
        growth = peak_growth(lambda path=path, outcome=outcome: outcome.append(imported(project, path)))
        gc.collect()
        (batch,) = outcome
        kept, grown = memory("VmRSS") - before, stored_bytes() - database
        assert batch.state == "dead" and "unfold" in batch.error, (what, batch.state, batch.error)
        assert growth < 300 * MEBIBYTE and kept < 100 * MEBIBYTE, (what, growth, kept)
        assert grown < 64 * MEBIBYTE, (what, grown)
        told[what] = f"{len(data)} bytes, {growth >> 20} MiB at most, {kept >> 20} kept, database {grown >> 20}"
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    _rows, naive = read_alone("naive", files[0][1])
    figures("H3", **told, child_mib=round(child), naive_control_mib=naive)
    assert naive > 250, "which holds each use of it"


HEADERS = (
    b"\x15\x02\x15" + b"\xff" * 20, b"\x1c" * 40, b"\x19\x00\x00", b"\x00",
    b"\x15\x01\x15\x01\x15\x01\x00", b"\xff" * 64,
)  # fmt: skip


def test_a_page_header_that_is_none_is_refused_and_never_loops() -> None:
    whole = as_parquet(pyarrow.table({"query": ["mug"] * 100, "item_id": ["1"] * 100}))
    for header in HEADERS:
        with pytest.raises(FileRefused, match=r"damaged|cannot be read"):
            list(RowReader(io.BytesIO(whole[:4] + header + whole[4 + len(header) :]), "x.parquet"))


def test_a_bomb_that_unfolds_row_by_row_ends_at_the_cap() -> None:
    """Each frame is small: 60,000 letters that stand in the file once, five million times."""
    data = as_parquet(pyarrow.table({"query": repeated("x" * 60_000, 1_000_000), "item_id": repeated("1", 1_000_000)}))
    assert len(data) < MEBIBYTE
    for limits, said in (
        (UPLOAD, "100 times its size"),
        (replace(UPLOAD, expanded_bytes=64 * MEBIBYTE, ratio=1 << 20), "more than is allowed"),
    ):
        with pytest.raises(FileRefused, match=said):
            for _row in RowReader(io.BytesIO(data), "x.parquet", limits):
                pass


def test_a_child_that_is_too_slow_or_ends_is_the_reason_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("catalogue.importing.reading.parquet.WALL_SECONDS", 0.0)
    with pytest.raises(FileRefused, match="more memory or time"):
        list(RowReader(io.BytesIO(as_parquet(pyarrow.table({"query": ["mug"]}))), "x.parquet"))


def test_the_child_holds_no_secret_and_ends_with_its_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Child] = []
    monkeypatch.setenv("LORE_SECRET_KEY", "canary-secret")
    monkeypatch.setattr(
        "catalogue.importing.reading.parquet.Child", lambda *a, **k: started.append(Child(*a, **k)) or started[0]
    )
    rows = iter(RowReader(io.BytesIO(as_parquet(pyarrow.table({"query": ["mug"] * 100_000}))), "x.parquet"))
    next(rows)
    (child,) = started
    assert b"canary-secret" not in Path(f"/proc/{child.pid}/environ").read_bytes()
    limits = Path(f"/proc/{child.pid}/limits").read_text()
    assert f"Max address space         {1 << 30}" in limits and "Max file size             0" in limits
    del rows
    assert not Path(f"/proc/{child.pid}").exists()


def test_many_rows_are_read_in_little_memory(tmp_path: Path, figures: Callable[..., None]) -> None:
    path = tmp_path / "rows.parquet"
    write_parquet(path, 40_000)  # 46 MiB as lines
    told, ours = read_alone("ours", path)
    _rows, naive = read_alone("naive", path)
    figures("T56 a good file", rows=int(told), ours_mib=ours, naive_control_mib=naive)
    assert told == "40000" and ours < 20 and naive > 50


@pytest.fixture
def lena(cast: Cast, client_for: Callable[[Any], Client]) -> Client:
    return client_for(cast.lena)


IMPORTS = "/p/shoes/imports/"


def test_a_name_that_climbs_is_a_name_and_no_path(lena: Client, settings: Any) -> None:
    for name in ("../../x.jsonl", "/etc/passwd.jsonl", "..\\..\\x.jsonl", "a\x00b.jsonl", "\u202egpj.jsonl"):
        lena.post(IMPORTS, {"file": SimpleUploadedFile(name, GOOD), "kind": "pairs"})
    found = list(Import.objects.values_list("file_name", "stored_as"))
    assert len(found) == 5
    for name, stored_as in found:
        assert "/" not in name and "\\" not in name and "\x00" not in name
        assert stored_as.startswith("imports/") and len(stored_as) == len("imports/") + 32


def test_a_file_where_none_is_taken_is_refused(lena: Client) -> None:
    for path, field in [
        ("/p/shoes/settings/", "file"),
        (IMPORTS, "other"),
        ("/login/", "file"),
        ("/rules/check/", "file"),
    ]:
        answer = lena.post(path, {field: SimpleUploadedFile("x.jsonl", GOOD), "kind": "pairs"})
        assert answer.status_code in (400, 404), path
    assert not Import.objects.exists()


def test_more_fields_than_a_form_has_are_refused(lena: Client) -> None:
    fields = {f"f{n}": "" for n in range(2100)}
    assert lena.post(IMPORTS, fields).status_code == 400
    body = "&".join(f"f{n}=" for n in range(2100))
    answer = lena.post(IMPORTS, body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 400 and b"Not taken" in answer.content


def test_a_form_in_another_encoding_is_refused(lena: Client) -> None:
    """`raw_unicode_escape` would make lone surrogates of plain ASCII, behind every check of bytes."""
    body = "--b\r\nContent-Disposition: form-data; name=name\r\n\r\n\\ud800\r\n--b--\r\n"
    answer = lena.post(
        "/p/shoes/hard-sets/", body, content_type="multipart/form-data; boundary=b; charset=raw_unicode_escape"
    )
    assert answer.status_code == 400


def test_an_htmx_request_is_told_in_the_messages(lena: Client) -> None:
    answer = lena.post(IMPORTS, {f"f{n}": "" for n in range(2100)}, headers={"HX-Request": "true"})
    assert answer.status_code == 400 and answer["HX-Retarget"] == "#messages" and b"<html" not in answer.content


@dataclass
class Server:
    """A web server of the test's own, spoken to byte by byte."""

    host: str
    port: int
    cookie: str
    scratch: Path

    def head(
        self, path: str, length: int, kind: str = "multipart/form-data; boundary=b", cookie: str | None = None
    ) -> bytes:
        lines = [
            f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Type: {kind}", f"Content-Length: {length}",
            f"Cookie: {self.cookie if cookie is None else cookie}", f"X-CSRFToken: {'a' * 32}", "Connection: close", "", "",
        ]  # fmt: skip
        return "\r\n".join(lines).encode()

    def answer(self, *pieces: bytes, finish: bool = True, seconds: float = 20) -> bytes:
        """What comes back; a server that hangs up while we still talk has said enough."""
        received = b""
        with socket.create_connection((self.host, self.port), timeout=seconds) as line:
            try:
                for piece in pieces:
                    line.sendall(piece)
                if finish:
                    with contextlib.suppress(OSError):  # ENOTCONN: it has hung up already
                        line.shutdown(socket.SHUT_WR)
            except (BrokenPipeError, ConnectionResetError):
                pass
            try:
                while data := line.recv(65536):
                    received += data
                    if not finish and b"</html>" in received:
                        break
            except ConnectionResetError:
                pass
        return received

    def processes(self) -> Iterator[int]:
        for folder in Path("/proc").iterdir():
            try:
                if folder.name.isdigit() and f"127.0.0.1:{self.port}".encode() in (folder / "cmdline").read_bytes():
                    yield int(folder.name)
            except OSError:
                continue

    def left_behind(self) -> int:
        return sum(
            path.stat().st_size for path in self.scratch.rglob("*") if path.is_file() and "secret" not in path.name
        )


@pytest.fixture
def server(fresh_database: FreshDatabase, tmp_path: Path, settings: Any) -> Iterator[Server]:
    settings.SECRET_KEY = fresh_database.environment["LORE_SECRET_KEY"]
    cast = make_cast(Project.objects.create(slug="shoes", name="Shoes"))
    client = Client()
    client.force_login(cast.lena, backend="django.contrib.auth.backends.ModelBackend")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    environment = {**fresh_database.environment, "TMPDIR": str(scratch), "LORE_MAX_UPLOAD_MB": "8"}
    with web_server(environment, tmp_path) as address:
        host, port = address.removeprefix("http://").split(":")
        cookie = f"sessionid={client.cookies['sessionid'].value}; csrftoken={'a' * 32}"
        yield Server(host, int(port), cookie, scratch)


def part(name: str, value: bytes, file: str = "") -> bytes:
    disposition = f'form-data; name="{name}"' + (f'; filename="{file}"' if file else "")
    return f"--b\r\nContent-Disposition: {disposition}\r\n\r\n".encode() + value + b"\r\n"


END = b"--b--\r\n"


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


def test_bodies_are_refused_by_their_bytes_and_leave_nothing(
    server: Server, tmp_path: Path, figures: Callable[..., None]
) -> None:
    kind = part("kind", b"pairs")
    whole = kind + part("file", GOOD, "x.jsonl") + END
    warm = server.answer(server.head(IMPORTS, len(whole)), whole)
    assert status(warm) == 302, warm[:300]
    worker = max(server.processes())
    Path(f"/proc/{worker}/clear_refs").write_text("5")
    before = memory("VmRSS", worker)
    told: dict[str, int] = {}
    took: dict[str, float] = {}

    def attack(name: str, *pieces: bytes, finish: bool = True) -> None:
        since = time.monotonic()
        told[name] = status(server.answer(*pieces, finish=finish))
        took[name] = time.monotonic() - since

    # Refused by what it says of its length: nothing more is sent.
    attack("ten gigabytes", server.head(IMPORTS, 10 << 30), finish=False)
    attack(
        "a file over the cap", server.head(IMPORTS, 20 << 20), kind + part("file", b"x" * (15 << 20), "x.jsonl")[:-2]
    )
    attack("shorter than it says", server.head(IMPORTS, len(whole) + 1000), whole[:-20])
    attack(
        "two million fields", server.head(IMPORTS, 4_000_000, "application/x-www-form-urlencoded"), b"a&" * 2_000_000
    )
    attack("a hundred thousand parts", server.head(IMPORTS, 100_000 * len(part("a", b""))), part("a", b"") * 100_000)
    attack(
        "two hundred files",
        server.head(IMPORTS, 200 * len(part("pictures", b"x", "x.png"))),
        part("pictures", b"x", "x.png") * 200,
    )
    attack("no boundary", server.head(IMPORTS, 10, "multipart/form-data"), b"0123456789")
    attack("a stranger's gigabyte", server.head(IMPORTS, 1 << 30, cookie=""), finish=False)
    attack("a foreign field", server.head(IMPORTS, len(part("x", GOOD, "x"))), part("x", GOOD, "x"))
    longer = server.answer(server.head(IMPORTS, len(whole)), whole + b"GET /forged/ HTTP/1.1\r\n\r\n" + b"x" * 100_000)
    assert status(longer) == 302 and b"forged" not in longer.split(b"\r\n\r\n", 1)[1]

    refusals = {name: code for name, code in told.items() if code not in (400, 413)}
    assert refusals == {"a stranger's gigabyte": 302}, told
    assert max(took.values()) < 10, took  # 5 s on a machine that does nothing else
    grown = memory("VmHWM", worker) - before
    assert grown < 100 * MEBIBYTE
    assert server.left_behind() == 0
    stored = list((tmp_path / "data/storage/imports").iterdir())
    assert len(stored) == 2 and Import.objects.count() == 2, "the two that were whole"
    slowest, mib = round(max(took.values()), 1), round(grown / MEBIBYTE, 1)
    figures("T56 bodies", attacks=len(told) + 1, slowest_s=slowest, grown_mib=mib, left_behind=0, **told)
