"""Neither the time nor the work of an upload reveals whether others have stored the same bytes."""

import pytest

from harness.content import KIB, MIB, content
from harness.server import Server
from harness.users import Users
from harness.wire import Wire

# One small body that is whole in memory, one large body, and one that is streamed.
SIZES = [KIB, 300 * KIB, 3 * MIB]


def discarded(server: Server) -> int:
    """The number of contents that were staged on the nodes and discarded, because the same bytes were stored already.
    """
    lines = server.get_console("/metrics")[1].decode().splitlines()
    return sum(int(line.rsplit(" ", 1)[1]) for line in lines
               if line.startswith("planetstore_gateway_staged_discarded_total"))


@pytest.mark.parametrize("size", SIZES)
def test_only_ones_own_bytes_are_not_stored_again(make_server, size):
    server = make_server().start()
    users = Users(server)
    ada, bob = (Wire(server.address, users.create(name, policies=["readwrite"]).credentials) for name in ("ada", "bob"))
    data = content("shared", size)
    for wire, bucket in ((ada, "adas"), (bob, "bobs")):
        wire.make_bucket(bucket)

    def staged(wire: Wire, bucket: str, key: str) -> int:
        before = discarded(server)
        assert wire.put(bucket, key, data).status == 200
        return discarded(server) - before

    assert staged(ada, "adas", "first") == 0, "it was new"
    assert staged(ada, "adas", "again") == 0, "it was her own"
    assert staged(bob, "bobs", "first") == 1, "he does as much as for new bytes"
    assert staged(bob, "bobs", "again") == 0, "by now he has it himself"
    for wire, bucket in ((ada, "adas"), (bob, "bobs")):
        for key in ("first", "again"):
            assert wire.get(bucket, key).body == data
        wire.close()
    users.close()
