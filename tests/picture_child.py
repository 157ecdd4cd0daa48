"""The fetching process in a net that is this machine: every name is public, and behind it stands one server.

python -m tests.picture_child PORT [SECONDS]: in all, instead of fifteen
"""

from __future__ import annotations

import socket
import ssl
import sys

from catalogue.pictures import fetching_child
from catalogue.pictures.fetching_child import Network
from tests.picture_servers import PUBLIC

PORT = int(sys.argv[1])


def connect(number: str, port: int, seconds: float) -> socket.socket:
    return socket.create_connection(("127.0.0.1", PORT), seconds)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        fetching_child.TOTAL_SECONDS = float(sys.argv[2])
    fetching_child.main(Network(lambda host, port: [PUBLIC], connect, ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)))
