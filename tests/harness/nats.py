"""A NATS client that says whatever it is told to, as nobody's library would."""

import json
import socket
import ssl
from types import TracebackType
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 20


class Nats:
    """One connection under one login."""

    def __init__(self, url: str, user: str, password: str) -> None:
        address = urlsplit(url)
        self.socket = socket.create_connection((address.hostname, address.port), TIMEOUT_SECONDS)
        # Byte by byte: what follows the greeting is TLS already.
        greeting = b""
        while not greeting.endswith(b"\r\n"):
            greeting += self.socket.recv(1)
        if json.loads(greeting.split(b" ", 1)[1]).get("tls_required"):
            self.socket = ssl._create_unverified_context().wrap_socket(self.socket)
        login = {"user": user, "pass": password, "verbose": False, "pedantic": False, "lang": "tests", "version": "0"}
        self.said = b""
        self._send(b"CONNECT " + json.dumps(login).encode() + b"\r\n")
        self.ping()

    def __enter__(self) -> "Nats":
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.socket.close()

    def publish(self, subject: str, payload: bytes) -> None:
        self._send(f"PUB {subject} {len(payload)}\r\n".encode() + payload + b"\r\n")

    def ping(self) -> str:
        """Waits until the server has done all that was said before; what it answered meanwhile."""
        self._send(b"PING\r\n")
        while b"PONG\r\n" not in self.said:
            more = self.socket.recv(65536)
            assert more, f"the server hung up: {self.said!r}"
            self.said += more
        said, self.said = self.said.split(b"PONG\r\n", 1)
        return said.decode()

    def _send(self, words: bytes) -> None:
        self.socket.sendall(words)
