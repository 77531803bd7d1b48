"""A webhook for tests: an HTTP server that keeps what it gets, and answers as a test wants."""

import base64
import hashlib
import hmac
import json
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from . import wait


@dataclass(frozen=True)
class Got:
    """A request."""

    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict:
        return json.loads(self.body)

    def record(self) -> dict:
        """The one record of an S3 notification."""
        (record,) = self.json()["Records"]
        return record

    def is_signed_with(self, key: str) -> bool:
        """Whether the signature is that of Standard Webhooks 1.0."""
        secret = base64.b64decode(key.removeprefix("whsec_"))
        signed = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + self.body
        expected = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
        return hmac.compare_digest(self.headers["webhook-signature"], f"v1,{expected}")


@dataclass
class Answers:
    """What is answered to a request: a status, and headers."""

    of: Callable[[Got], tuple[int, dict[str, str]]] = field(default=lambda _: (200, {}))


class Receiver:
    """A server on a port of this host. It can be stopped and started again on the same port."""

    def __init__(self, certificate: Path | None = None, key: Path | None = None) -> None:
        self.got: list[Got] = []
        self.answers = Answers()
        self._tls = (certificate, key)
        self._lock = threading.Lock()
        self._port = 0
        self.start()

    @property
    def url(self) -> str:
        scheme, host = ("https", "localhost") if self._tls[0] else ("http", "127.0.0.1")
        return f"{scheme}://{host}:{self._port}/hook"

    def start(self) -> None:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                got = Got(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
                status, headers = receiver.answers.of(got)
                with receiver._lock:
                    receiver.got.append(got)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        class Listening(ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True

        self._server = Listening(("127.0.0.1", self._port), Handler)
        self._port = self._server.server_address[1]
        certificate, key = self._tls
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, key)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def requests(self) -> list[Got]:
        with self._lock:
            return list(self.got)

    def clear(self) -> None:
        with self._lock:
            self.got.clear()

    def wait(self, is_it: Callable[[list[Got]], object], what: str, seconds: float = 60) -> list[Got]:
        """What was received, once a condition holds of it."""
        def look() -> list[Got] | None:
            got = self.requests()
            return got if is_it(got) else None

        return wait.until(look, what, seconds)
