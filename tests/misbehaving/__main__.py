"""The process: one event loop that listens on loopback, sends each request to its mode and reports what it saw."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from typing import Any

from tests.misbehaving import modes
from tests.misbehaving.answers import asked
from tests.misbehaving.counting import Tally
from tests.misbehaving.http import MOST_HEAD, Connection, Request
from tests.misbehaving.modes import Exchange, Settings, World


class Server:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.world = World()
        self.connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until either side ends it."""
        connection = Connection(reader, writer)
        self.connections += 1
        self.world.connections_peak = max(self.world.connections_peak, self.connections)
        try:
            while connection.open and (request := await connection.request()):
                await self.route(connection, request)
            connection.close()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            connection.drop()  # it went away, or what it sent is no HTTP
        finally:
            self.connections -= 1

    async def route(self, connection: Connection, request: Request) -> None:
        match [request.method, *request.path.partition("?")[0].strip("/").split("/")]:
            case ["GET", "counts"]:
                await connection.respond(200, json.dumps(self.counts()).encode())
            case ["POST", "reset"]:
                self.world = World(connections_peak=self.connections)
                await connection.respond(200, b"{}")
            case ["POST", mode, "v1", "chat", "completions"] | ["GET", mode, "v1", "models"] if modes.known(mode):
                await self.chat(mode, connection, request, self.tally(mode))
            case [_, "canary", mode] if modes.known(mode):
                self.tally(mode).canary_hits += 1
                await self.chat("good", connection, request, Tally())  # so that who follows is not even refused
            case _:
                await connection.respond(404, b'{"error": {"message": "no such mode or path"}}')

    async def chat(self, mode: str, connection: Connection, request: Request, tally: Tally) -> None:
        try:
            ask = asked(request)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return await connection.respond(400, json.dumps({"error": {"message": repr(error)}}).encode())
        tally.calls += ask.kind != "models"
        tally.choice_calls += ask.kind == "choice"
        tally.model_calls += ask.kind == "models"
        tally.pictures += len(ask.pictures)
        tally.pictures_by_address += sum(not one.startswith("data:image/") for one in ask.pictures)
        began = tally.enter()
        try:
            await modes.answer(mode, Exchange(connection, request, ask, tally, self.world, self.settings))
        finally:
            tally.leave(began, connection.sent)

    def tally(self, mode: str) -> Tally:
        return self.world.tallies.setdefault(mode, Tally())

    def counts(self) -> dict[str, Any]:
        for mode in modes.MODES:
            self.tally(mode)
        return {
            "modes": {mode: tally.figures() for mode, tally in self.world.tallies.items()},
            "connections": self.connections,
            "connections_peak": self.world.connections_peak,
        }


async def end_with_parent() -> None:
    """Whoever started this may be killed outright; nothing stays behind."""
    parent = os.getppid()
    while os.getppid() == parent:
        await asyncio.sleep(0.5)
    os._exit(0)


async def main(port: int, settings: Settings, *, alone: bool) -> None:
    server = Server(settings)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", port, limit=MOST_HEAD, backlog=2048)
    watching = None if alone else asyncio.create_task(end_with_parent())
    sys.stdout.write(json.dumps({"port": listening.sockets[0].getsockname()[1]}) + "\n")
    sys.stdout.flush()
    async with listening:
        await listening.serve_forever()
    del watching


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.misbehaving", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--retry-after", type=int, default=3, help="whole seconds that rate_limited asks to wait")
    parser.add_argument("--drip-seconds", type=float, default=1.0, help="between two bytes of drip")
    parser.add_argument("--with-parent", action="store_true", help="end when the starting process does")
    given = parser.parse_args()
    asyncio.run(main(given.port, Settings(given.retry_after, given.drip_seconds), alone=not given.with_parent))
