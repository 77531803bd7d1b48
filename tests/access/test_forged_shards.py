"""Nodes that alter the shards of long contents, with valid checksums: no altered byte is served."""

import re
from pathlib import Path

import pytest

from harness import wait
from harness.composition import NODES
from harness.content import MIB, content
from harness.shards import HARMS, UNIT_BYTES, shard_files

SIZE = 3 * MIB + 17

# Ranges inside the altered bytes, around them, and across their ends.
RANGES = [(MIB, MIB + 1), (MIB + 5, MIB + 100), (MIB - 1, MIB + UNIT_BYTES), (MIB + UNIT_BYTES - 1, 2 * MIB)]


def damaged(gateway) -> int:
    """The number of shards that were reported as damaged."""
    metrics = gateway.get_console("/metrics")[1].decode()
    found = re.search(r'^planetstore_shards_incidents_total\{kind="damaged"\} (\d+)$', metrics, re.MULTILINE)
    return int(found[1]) if found else 0


def store(gateway, nodes: list[Path], bucket: str, data: bytes):
    """Stores a content, alone in its bucket, and returns its shards."""
    wire = gateway.wire()
    wire.make_bucket(bucket)
    assert wire.put(bucket, "k", data).status == 200
    wire.close()
    folders = [node / "buckets" / bucket for node in nodes]
    sealed = lambda: [path for folder in folders if folder.is_dir() for path in folder.iterdir() if not path.suffix]
    wait.until(lambda: len(sealed()) == 6, "all shards to be sealed")
    return shard_files(nodes, bucket)


def forge_all(gateway, nodes: list[Path]) -> None:
    data = content("forged", SIZE)
    ours = store(gateway, nodes, "forged", data)
    others = store(gateway, nodes, "others", content("others", SIZE))
    wire = gateway.wire()
    for harm, make in HARMS.items():
        before = damaged(gateway)
        ours[0].write(1, make(ours, others))
        # On a busy machine a late shard is skipped, and its damage is not noticed.
        def is_served_right_and_reported() -> bool:
            assert wire.get("forged", "k").body == data, harm
            for begin, end in RANGES:
                answer = wire.get("forged", "k", headers={"range": f"bytes={begin}-{end - 1}"})
                assert (answer.status, answer.body) == (206, data[begin:end]), harm
            return damaged(gateway) > before
        wait.until(is_served_right_and_reported, f"a report of {harm}")
        ours[0].restore()
    # Cut after its second piece: there is no third.
    before = damaged(gateway)
    with ours[0].path.open("r+b") as file:
        file.truncate(2 * ours[0].stride)
    assert wire.get("forged", "k").body == data
    ours[0].restore()
    # More than the code can lose: an error, and no wrong byte.
    for number in (0, 1, 2):
        ours[number].write(1, HARMS["another content"](ours, others))
    answer = wire.get("forged", "k", headers={"range": f"bytes={MIB}-{MIB + 99}"})
    assert answer.status == 503, answer
    wire.close()
    log = gateway.log.read_text()
    assert "a node altered what it stores" in log and re.search(r"node=\"?node-\d", log)


@pytest.mark.timeout(180)
def test_what_a_node_makes_up_is_not_served_over_nats(composition):
    forge_all(composition.gateway, [composition.folder / node for node in NODES])


@pytest.mark.timeout(180)
def test_what_lies_in_a_file_that_was_altered_is_not_served(make_server):
    server = make_server().start()
    forge_all(server, [server.node_folder(number) for number in range(1, 7)])
