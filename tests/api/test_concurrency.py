"""Concurrency: a condition holds for exactly one of many writers, and no reader sees half of anything."""

import threading

import pytest

from harness.content import KIB, MIB, content, etag, md5
from harness.history import in_parallel
from harness.wire import object_path


@pytest.mark.parametrize("size", [100, 300 * KIB])
def test_one_of_many_creates(server, wire, bucket, size):
    for round_number in range(3):
        key = f"k{round_number}"

        def put(number: int) -> tuple[int, str]:
            own = server.wire()
            data = content((key, number), size)
            answer = own.put(bucket, key, data, headers={"if-none-match": "*"})
            own.close()
            return answer.status, etag(data)

        results = in_parallel(64, put)
        won = [tag for status, tag in results if status == 200]
        assert len(won) == 1 and {status for status, _ in results} <= {200, 409, 412}, results
        assert wire.get(bucket, key).headers["etag"] == won[0]


def test_compare_and_swap_loses_no_update(server, wire, bucket):
    """A counter with If-Match has as many increments as were acked."""
    wire.put(bucket, "counter", b"0")

    def count(_number: int) -> int:
        own, done = server.wire(), 0
        while done < 5:
            now = own.get(bucket, "counter")
            answer = own.put(bucket, "counter", b"%d" % (int(now.body) + 1), headers={"if-match": now.headers["etag"]})
            assert answer.status in (200, 409, 412), answer.body
            done += answer.status == 200
        own.close()
        return done

    assert sum(in_parallel(8, count)) == int(wire.get(bucket, "counter").body) == 40


@pytest.mark.parametrize("size", [20 * KIB, 1 * MIB, 4 * MIB])
def test_a_reader_sees_all_of_one_version(server, bucket, size):
    versions = [content(("version", number), size + number) for number in range(3)]
    known = {md5(data) for data in versions}
    writer = server.wire()
    writer.put(bucket, "k", versions[0])
    stop = threading.Event()
    seen: set[str] = set()
    failures: list[str] = []

    def read() -> None:
        own = server.wire()
        while not stop.is_set():
            answer = own.get(bucket, "k")
            digest = md5(answer.body)
            seen.add(digest)
            if digest not in known or answer.headers["etag"] != f'"{digest}"':
                failures.append(f"{answer.status} {answer.headers['etag']} for {digest} of {len(answer.body)} bytes")
                return
        own.close()

    readers = [threading.Thread(target=read, daemon=True) for _ in range(4)]
    for reader in readers:
        reader.start()
    for number in range(30):
        assert writer.put(bucket, "k", versions[number % 3]).status == 200
    stop.set()
    for reader in readers:
        reader.join(60)
        assert not reader.is_alive()
    writer.close()
    assert not failures, failures[:3]
    assert len(seen) > 1


def test_a_slow_reader_gets_the_version_it_began_with(wire, bucket):
    old, new = content("old", 8 * MIB), content("new", 8 * MIB)
    wire.put(bucket, "k", old)
    head, _ = wire.head("GET", object_path(bucket, "k"))
    with wire.connect() as stream:
        stream.sendall(head.to_bytes())
        taken = stream.recv(64 * KIB)
        assert wire.put(bucket, "k", new).status == 200
        assert wire.get(bucket, "k").body == new
        length = len(taken.split(b"\r\n\r\n", 1)[0]) + 4 + len(old)
        pieces = [taken]
        left = length - len(taken)
        while left > 0:
            piece = stream.recv(min(left, MIB))
            assert piece, "the connection was closed early"
            pieces.append(piece)
            left -= len(piece)
    assert b"".join(pieces).split(b"\r\n\r\n", 1)[1] == old


def test_many_writers_of_one_key_leave_one_of_their_contents(server, wire, bucket):
    bodies = [content(("writer", number), 50 * KIB) for number in range(32)]

    def put(number: int) -> int:
        own = server.wire()
        status = own.put(bucket, "k", bodies[number]).status
        own.close()
        return status

    assert set(in_parallel(32, put)) == {200}
    assert wire.get(bucket, "k").body in bodies
    assert set(wire.listing(bucket)) == {"k"}


def test_many_versions_at_once_are_all_kept(server, wire, s3, versioned):
    def put(number: int) -> str:
        own = server.wire()
        answer = own.put(versioned, "k", b"%d" % number)
        own.close()
        return answer.headers["x-amz-version-id"]

    versions = in_parallel(32, put)
    assert len(set(versions)) == 32
    listed = [entry["VersionId"] for entry in s3.list_object_versions(Bucket=versioned)["Versions"]]
    assert sorted(listed) == sorted(versions)
    for number, version in enumerate(versions):
        assert wire.get(versioned, "k", f"versionId={version}").body == b"%d" % number


def test_a_read_after_a_write_sees_it(server, bucket):
    """From another connection, immediately: get, head and list."""
    def write_and_look(number: int) -> None:
        writer, reader = server.wire(), server.wire()
        for step in range(15):
            key, data = f"{number}/{step}", b"%d %d" % (number, step)
            assert writer.put(bucket, key, data).status == 200
            assert reader.get(bucket, key).body == data
            assert key in reader.listing(bucket, f"{number}/")
            assert writer.delete(bucket, key).status == 204
            assert reader.get(bucket, key).status == 404
            assert key not in reader.listing(bucket, f"{number}/")
        writer.close()
        reader.close()

    in_parallel(8, write_and_look)


def test_a_completion_and_an_abort_at_once(server, wire, bucket):
    for number in range(8):
        path = object_path(bucket, f"k{number}")
        upload = wire.request("POST", path, "uploads").text("UploadId")
        wire.request("PUT", path, f"partNumber=1&uploadId={upload}", body=b"x")
        part = f"<Part><PartNumber>1</PartNumber><ETag>{etag(b'x')}</ETag></Part>"
        document = f"<CompleteMultipartUpload>{part}</CompleteMultipartUpload>".encode()

        def end(who: int) -> int:
            own = server.wire()
            method, body = (("POST", document), ("DELETE", b""))[who]
            answer = own.request(method, path, f"uploadId={upload}", body=body)
            own.close()
            return answer.status

        completed, _aborted = in_parallel(2, end)
        assert completed in (200, 404)
        assert wire.get(bucket, f"k{number}").status == (200 if completed == 200 else 404)
