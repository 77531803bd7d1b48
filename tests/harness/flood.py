"""Clients that delete a thousand keys per request, one request after another."""

import base64
import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from .server import Server

# The maximum number of keys of one DeleteObjects.
KEYS = 1000


@dataclass
class Flood:
    """The results of the requests so far."""

    answered: int = 0
    refused: list[bytes] = field(default_factory=list)


def keep_versions(server: Server, bucket: str) -> None:
    """Enables versioning, so that every delete adds a version, also for a key that never existed."""
    wire = server.wire()
    versioning = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
    assert wire.request("PUT", f"/{bucket}", "versioning", body=versioning).status == 200
    wire.close()


@contextmanager
def deletes(server: Server, bucket: str, clients: int) -> Iterator[Flood]:
    """Clients that delete in a bucket until the end of the block, which waits for their last requests."""
    keys = b"".join(b"<Object><Key>key-%d</Key></Object>" % n for n in range(KEYS))
    document = b"<Delete><Quiet>true</Quiet>%s</Delete>" % keys
    headers = {"content-md5": base64.b64encode(hashlib.md5(document).digest()).decode()}
    flood, stop, lock = Flood(), threading.Event(), threading.Lock()

    def ask() -> None:
        wire = server.wire()
        while not stop.is_set():
            answer = wire.request("POST", f"/{bucket}", "delete", headers, document)
            with lock:
                flood.answered += 1
                if (answer.status, b"<Error>" in answer.body) != (200, False):
                    flood.refused.append(answer.body[:300])
        wire.close()

    threads = [threading.Thread(target=ask, daemon=True) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield flood
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)
