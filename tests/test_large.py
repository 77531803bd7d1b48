"""Large objects and many parts: what they cost, in events, in shards and in memory."""

import os
import random
import re
import shutil
import threading

import pytest

from harness import wait
from harness.clients import boto_client
from harness.content import MIB, content, etag
from harness.history import in_parallel
from harness.wire import UNSIGNED, object_path, read_answer
from test_memory import RESIDENT_BYTES_MAX, Meter

# 5 GiB is the most that one PUT takes; asked for by PLANETSTORE_TEST_LARGE=1, for it needs 16 GiB of disk and minutes.
LARGE_BYTES = 5 * 1024 * MIB if os.environ.get("PLANETSTORE_TEST_LARGE") else 48 * MIB
PART_BYTES = 16 * MIB
SMALL_BYTES = 4 * MIB


def counted(server, name: str) -> int:
    """The sum of a counter over its labels."""
    said = server.get_console("/metrics")[1].decode()
    return sum(int(float(value)) for value in re.findall(rf"^{name}(?:\{{.*\}})? (\S+)$", said, re.MULTILINE))


def test_completing_costs_one_event_and_no_shard(make_server):
    server = make_server().start()
    s3 = boto_client(server)
    s3.create_bucket(Bucket="costs")
    place, tags = {"Bucket": "costs", "Key": "parts"}, []

    def written() -> tuple[int, int]:
        return counted(server, "node_puts_total"), counted(server, "node_written_bytes_total")

    def stored(call) -> int:
        """The events of a call that stores SMALL_BYTES, once all six shards are there: the last may come later."""
        events, bytes_before = counted(server, "planetstore_ledger_sequence"), written()[1]
        call()
        wait.until(lambda: written()[1] == bytes_before + SMALL_BYTES * 6 // 4, "six shards")
        return counted(server, "planetstore_ledger_sequence") - events

    assert stored(lambda: s3.put_object(Bucket="costs", Key="plain", Body=content("plain", SMALL_BYTES))) == 1
    place["UploadId"] = s3.create_multipart_upload(**place)["UploadId"]
    part = content("part", SMALL_BYTES)
    assert stored(lambda: tags.append(s3.upload_part(**place, PartNumber=1, Body=part)["ETag"])) == 1
    parts = {"Parts": [{"PartNumber": 1, "ETag": tags[0]}]}
    events, before = counted(server, "planetstore_ledger_sequence"), written()
    s3.complete_multipart_upload(**place, MultipartUpload=parts)
    assert (counted(server, "planetstore_ledger_sequence") - events, written()) == (1, before)
    assert s3.get_object(Bucket="costs", Key="parts")["Body"].read() == part


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_large_by_one_put_and_by_parts(make_server):
    server = make_server().start()
    s3 = boto_client(server, read_timeout=1800)
    s3.create_bucket(Bucket="large")
    block = content("block", PART_BYTES)
    count = LARGE_BYTES // PART_BYTES
    meter = Meter(server.pid)
    meter.start()

    def piece(number: int) -> bytes:
        return b"%08d" % number + block[8:]

    head, _ = server.wire().head(
        "PUT", object_path("large", "one"), headers={"content-length": str(LARGE_BYTES)}, payload=UNSIGNED)
    with server.wire().connect() as stream:
        stream.settimeout(1800)
        stream.sendall(head.to_bytes())
        for number in range(count):
            stream.sendall(piece(number))
        assert read_answer(stream).status == 200

    place = {"Bucket": "large", "Key": "parts"}
    place["UploadId"] = s3.create_multipart_upload(**place)["UploadId"]
    # In any order, several at once, and each twice.
    order = [number for number in range(count) for _ in range(2)]
    random.Random(7).shuffle(order)
    lock, tags = threading.Lock(), {}

    def upload(worker: int) -> None:
        for number in order[worker::4]:
            tag = s3.upload_part(**place, PartNumber=number + 1, Body=piece(number))["ETag"]
            assert tag == etag(piece(number))
            with lock:
                tags[number] = tag

    assert in_parallel(4, upload) == [None] * 4
    parts = {"Parts": [{"PartNumber": number + 1, "ETag": tags[number]} for number in sorted(tags)]}
    s3.complete_multipart_upload(**place, MultipartUpload=parts)
    for key in ("one", "parts"):
        body = s3.get_object(Bucket="large", Key=key)["Body"]
        for number in range(count):
            assert body.read(PART_BYTES) == piece(number), (key, number)
        assert body.read(1) == b""
    meter.stopping.set()
    meter.join()
    print(f"{LARGE_BYTES // MIB} MiB twice: peak resident memory {meter.peak / MIB:.0f} MiB")
    assert 0 < meter.peak < RESIDENT_BYTES_MAX
    # What passed is not looked at again, and would lie on the disk for three more runs.
    server.stop()
    shutil.rmtree(server.data)
