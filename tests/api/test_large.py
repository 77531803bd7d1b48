"""Large objects and many parts: their cost in events, in shards and in memory."""

import os
import random
import re
import shutil
import threading
from pathlib import Path

import pytest

from harness import processes, wait
from harness.clients import boto_client
from harness.content import MIB, content, etag
from harness.history import in_parallel
from harness.meter import Meter
from harness.server import Server
from harness.users import call, login
from harness.wire import UNSIGNED, object_path, read_answer

# 5 GiB is the most that one PUT takes, and 10,000 parts the most of an object. Enabled by PLANETSTORE_TEST_LARGE=1,
# because they need 16 GiB of disk and several minutes.
IS_LARGE = bool(os.environ.get("PLANETSTORE_TEST_LARGE"))
LARGE_BYTES = 5 * 1024 * MIB if IS_LARGE else 48 * MIB
PARTS_MAX = 10_000 if IS_LARGE else 1_500
PART_BYTES = 16 * MIB
SMALL_BYTES = 4 * MIB
# The smallest size of a part that is not the last.
PART_BYTES_MIN = 5 * MIB

# More than the limit in both cases.
UPLOADS, UPLOADS_LONG = 24, 64
UPLOAD_BYTES = 64 * MIB
RESIDENT_BYTES_MAX = 1024 * MIB


def counted(server, name: str) -> int:
    """The sum of a counter over its labels."""
    said = server.get_console("/metrics")[1].decode()
    return sum(int(float(value)) for value in re.findall(rf"^{name}(?:\{{.*\}})? (\S+)$", said, re.MULTILINE))


def test_completing_costs_one_event_and_no_shard(make_server):
    server = make_server().start()
    s3, token = boto_client(server), login(server, server.credentials.access, server.credentials.secret)
    s3.create_bucket(Bucket="costs")
    place, tags = {"Bucket": "costs", "Key": "parts"}, []

    def written() -> tuple[int, int]:
        return counted(server, "planetstore_node_puts_total"), counted(server, "planetstore_node_written_bytes_total")

    def end() -> int:
        return counted(server, "planetstore_ledger_sequence")

    def events(after: int) -> int:
        """The events behind a sequence, but for those of background workers: who has a lease, which nodes are there."""
        found = call(server, "GET", f"/events?type=object,upload,content&after={after}", token=token)
        assert found.status == 200, found.body
        return len(found.json())

    def stored(request) -> int:
        """The events of a request that stores SMALL_BYTES, once all six shards are stored, because the last may arrive
        later.
        """
        after, bytes_before = end(), written()[1]
        request()
        wait.until(lambda: written()[1] == bytes_before + SMALL_BYTES * 6 // 4, "six shards")
        return events(after)

    assert stored(lambda: s3.put_object(Bucket="costs", Key="plain", Body=content("plain", SMALL_BYTES))) == 1
    place["UploadId"] = s3.create_multipart_upload(**place)["UploadId"]
    part = content("part", SMALL_BYTES)
    assert stored(lambda: tags.append(s3.upload_part(**place, PartNumber=1, Body=part)["ETag"])) == 1
    parts = {"Parts": [{"PartNumber": 1, "ETag": tags[0]}]}
    after, before = end(), written()
    s3.complete_multipart_upload(**place, MultipartUpload=parts)
    assert (events(after), written()) == (1, before)
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
    # The files of a passed test are not needed again, and would stay on the disk for three more runs.
    server.stop()
    shutil.rmtree(server.data)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_as_many_parts_as_an_object_may_have(make_server):
    """Parts that share the bytes of two objects, up to 50 GiB: only their number matters here."""
    server = make_server().start()
    s3 = boto_client(server)
    s3.create_bucket(Bucket="many")
    sources = [content("even", PART_BYTES_MIN), content("odd", PART_BYTES_MIN)]
    for name, body in zip(("even", "odd"), sources):
        s3.put_object(Bucket="many", Key=name, Body=body)
    place = {"Bucket": "many", "Key": "parts"}
    place["UploadId"] = s3.create_multipart_upload(**place)["UploadId"]
    order = list(range(1, PARTS_MAX + 1))
    random.Random(7).shuffle(order)
    workers = 8

    def upload(worker: int) -> None:
        for number in order[worker::workers]:
            source = {"Bucket": "many", "Key": "odd" if number % 2 else "even"}
            s3.upload_part_copy(**place, PartNumber=number, CopySource=source)

    assert in_parallel(workers, upload) == [None] * workers
    tags = [etag(sources[number % 2]) for number in range(1, PARTS_MAX + 1)]
    pages = s3.get_paginator("list_parts").paginate(**place)
    listed = [(part["PartNumber"], part["ETag"]) for page in pages for part in page["Parts"]]
    assert listed == list(enumerate(tags, 1))

    events = counted(server, "planetstore_ledger_sequence")
    named = [{"PartNumber": number, "ETag": tag} for number, tag in listed]
    s3.complete_multipart_upload(**place, MultipartUpload={"Parts": named})
    assert counted(server, "planetstore_ledger_sequence") == events + 1
    head = s3.head_object(Bucket="many", Key="parts", PartNumber=PARTS_MAX)
    assert (head["PartsCount"], head["ContentLength"]) == (PARTS_MAX, PART_BYTES_MIN)
    for number in (1, 2, PARTS_MAX // 2, PARTS_MAX - 1):
        end = number * PART_BYTES_MIN
        got = s3.get_object(Bucket="many", Key="parts", Range=f"bytes={end - 3}-{end + 2}")
        assert got["Body"].read() == sources[number % 2][-3:] + sources[(number + 1) % 2][:3], number
        assert got["ContentRange"].endswith(f"/{PARTS_MAX * PART_BYTES_MIN}")
    # The state after the projection is opened again.
    server.kill()
    server.start()
    s3 = boto_client(server)
    assert s3.head_object(Bucket="many", Key="parts")["ContentLength"] == PARTS_MAX * PART_BYTES_MIN
    s3.delete_object(Bucket="many", Key="parts")
    assert [entry["Key"] for entry in s3.list_objects_v2(Bucket="many")["Contents"]] == ["even", "odd"]


# Many at once


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("uploads", [UPLOADS, pytest.param(UPLOADS_LONG, marks=pytest.mark.long)])
def test_many_large_uploads_at_once(make_server, uploads):
    server = make_server().start()
    server.wire().make_bucket("large")
    block = content("block", MIB)
    meter = Meter(server.pid)
    meter.start()

    def upload(number: int) -> int:
        wire = server.wire()
        headers = {"content-length": str(UPLOAD_BYTES)}
        head, _ = wire.head("PUT", object_path("large", f"k{number}"), headers=headers, payload=UNSIGNED)
        with wire.connect() as stream:
            stream.settimeout(200)
            stream.sendall(head.to_bytes())
            stream.sendall(b"%08d" % number + block[8:])  # so that no two are the same content
            for _ in range(UPLOAD_BYTES // MIB - 1):
                stream.sendall(block)
            return read_answer(stream).status

    statuses = in_parallel(uploads, upload)
    meter.stop()
    print(f"peak resident memory: {meter.peak / MIB:.0f} MiB")
    assert set(statuses) == {200}, statuses
    assert 0 < meter.peak < RESIDENT_BYTES_MAX
    wire = server.wire()
    assert len(wire.listing("large")) == uploads
    for number in (0, uploads - 1):
        got = wire.get("large", f"k{number}").body
        assert len(got) == UPLOAD_BYTES and got[:8] == b"%08d" % number and got[-MIB:] == block
    wire.close()
    server.stop()


def shards_of(server: Server, bucket: str) -> list[Path]:
    """The complete shard files of a bucket; those of uploads in progress have other names."""
    folders = [server.node_folder(number) / "buckets" / bucket for number in range(1, 7)]
    return [path for folder in folders for path in folder.glob("*") if path.suffix != ".staged"]


def test_uploads_that_never_end_are_let_go(make_server):
    """Clients that disconnect in the middle leave neither memory nor complete shards behind."""
    server = make_server().start()
    server.wire().make_bucket("half")
    before = processes.resident_bytes(server.pid)

    def vanish(number: int) -> None:
        wire = server.wire()
        headers = {"content-length": str(8 * MIB)}
        head, _ = wire.head("PUT", object_path("half", f"k{number}"), headers=headers, payload=UNSIGNED)
        with wire.connect() as stream:
            stream.sendall(head.to_bytes() + content(number, 3 * MIB))

    for _ in range(3):
        in_parallel(32, vanish)
    wire = server.wire()
    assert wire.listing("half") == {}
    data = content("after", 5 * MIB)
    assert wire.put("half", "k", data).status == 200
    assert wire.get("half", "k").body == data
    wire.close()
    wait.until(lambda: processes.resident_bytes(server.pid) < before + 400 * MIB, "memory to be given back")
    wait.until(lambda: len(shards_of(server, "half")) == 6, "the six shards of the object that was acked, and no more")
    server.restart()
    assert len(shards_of(server, "half")) == 6
    staged = [path for number in range(1, 7) for path in server.node_folder(number).glob("buckets/*/*.staged")]
    assert not staged, "a start takes away what uploads before it left"
    server.stop()
