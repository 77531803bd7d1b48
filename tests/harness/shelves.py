"""Objects of every way to store them, one of each size on a shelf: for tests that ask what nodes do."""

from .content import KIB, MIB, content
from .server import Server

SIZES = (100, 20 * KIB, 300 * KIB, 3 * MIB + 17)


def put_all(server: Server, shelf: str) -> None:
    wire = server.wire()
    for size in SIZES:
        assert wire.put("shared", f"{shelf}/{size}", content((shelf, size), size)).status == 200
    wire.close()


def check_all(server: Server, shelf: str) -> None:
    wire = server.wire()
    for size in SIZES:
        assert wire.get("shared", f"{shelf}/{size}").body == content((shelf, size), size)
    wire.close()
