"""The NATS protocol, for an attacker with a login."""

import json
import socket
import ssl
from typing import Self
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 20


class Nats:
    """A connection with a user's rights."""

    def __init__(self, url: str, user: str, password: str) -> None:
        address = urlsplit(url)
        self.socket = socket.create_connection((address.hostname, address.port), TIMEOUT_SECONDS)
        # Byte by byte, because the bytes after the greeting are TLS already.
        greeting = b""
        while not greeting.endswith(b"\r\n"):
            greeting += self.socket.recv(1)
        if json.loads(greeting.split(b" ", 1)[1]).get("tls_required"):
            self.socket = ssl._create_unverified_context().wrap_socket(self.socket)
        self.lines = self.socket.makefile("rb")
        connect = {"user": user, "pass": password, "headers": True, "verbose": False, "pedantic": False, "protocol": 1,
                   "no_responders": True, "lang": "tests", "version": "0"}
        self._send(b"CONNECT " + json.dumps(connect).encode())
        self.inbox, self.is_listening = f"_INBOX_{user}.test", False
        assert not (refused := self.ping()), refused

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.lines.close()
        self.socket.close()

    def _send(self, line: bytes) -> None:
        self.socket.sendall(line + b"\r\n")

    def _line(self) -> bytes:
        """The server's next message, without greetings and pings."""
        while (line := self.lines.readline()).startswith((b"PING", b"INFO")):
            if line.startswith(b"PING"):
                self._send(b"PONG")
        assert line, "the server hung up"
        return line

    def ping(self) -> str:
        """Waits until the server has processed everything that was sent; returns what it refused."""
        self._send(b"PING")
        refused = b""
        while (line := self._line()) != b"PONG\r\n":
            assert line.startswith(b"-ERR"), line
            refused += line
        return refused.decode()

    def publish(self, subject: str, payload: bytes, headers: dict[str, str] | None = None) -> None:
        """Publishes without waiting: see `ping`."""
        if headers is None:
            self._send(f"PUB {subject} {len(payload)}\r\n".encode() + payload)
        else:
            head = "".join(["NATS/1.0\r\n", *(f"{name}: {value}\r\n" for name, value in headers.items()), "\r\n"])
            sizes = f"{len(head)} {len(head) + len(payload)}"
            self._send(f"HPUB {subject} {sizes}\r\n{head}".encode() + payload)

    def ask(self, subject: str, payload: bytes) -> bytes:
        """The payload of the response to a request."""
        if not self.is_listening:
            self._send(f"SUB {self.inbox} 1".encode())
            self.is_listening = True
        self._send(f"PUB {subject} {self.inbox} {len(payload)}\r\n".encode() + payload)
        words = self._line().split()
        assert words[0] in (b"MSG", b"HMSG"), words
        body = self.lines.read(int(words[-1]) + 2)[:-2]
        return body[int(words[-2]):] if words[0] == b"HMSG" else body

    def last_sequence(self, region: str) -> int:
        """The last sequence of a region's log."""
        return json.loads(self.ask(f"$JS.API.STREAM.INFO.EVENTS_{region}", b""))["state"]["last_seq"]

    def event(self, region: str, sequence: int) -> bytes:
        """The bytes of an entry of the log."""
        return self.ask(f"$JS.API.DIRECT.GET.EVENTS_{region}", json.dumps({"seq": sequence}).encode())
