"""Room comes back: what nothing refers to, and what no event names, goes from the nodes' disks, wherever the process that
does it is killed."""

import json
import re
import signal
import time
import uuid
from pathlib import Path

import pytest

from harness import failpoints, processes, wait
from harness.content import KIB, MIB, content, etag
from harness.history import PARALLEL_SECONDS_MAX, in_parallel
from harness.server import Server
from harness.wire import Wire, object_path

pytestmark = pytest.mark.waits

GRACE_SECONDS = 2
# The grace period plus a minute, by the promise; a debug build on a busy host gets twice that.
GIVEN_BACK_SECONDS = GRACE_SECONDS + 120
# So much of what clients wrote may be left in the nodes' folders when everything is deleted.
LEFT_SHARE = 0.05
# How many times its bytes the shards of an object take: small ones lie whole on three nodes, others have four shards and
# two more.
SMALL_TIMES, LARGE_TIMES = 3, 1.5
KILLED_SECONDS = 120
# The exit code of an audit that finds something short.
UNHEALTHY = 5
CLIENTS = 4
UPLOAD_SECONDS = 8

QUICK = {"PLANETSTORE_GC_GRACE": f"{GRACE_SECONDS}s", "PLANETSTORE_CACHE_BYTES": "0"}
# Here uploads take no longer than some seconds, so that what one left behind goes soon.
SHORT_UPLOADS = {**QUICK, "PLANETSTORE_GC_GRACE": "0s", "PLANETSTORE_GC_UPLOAD_TIME_MAX": f"{UPLOAD_SECONDS}s"}


def disk_bytes(server: Server) -> int:
    """Bytes that the nodes' shards take on the disk: blocks, so that room which is given ahead counts too."""
    folders = [server.node_folder(number) / part for number in range(1, server.nodes + 1)
               for part in ("segments", "buckets")]
    return sum(path.stat().st_blocks * 512 for folder in folders for path in folder.rglob("*") if is_there(path))


def is_there(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False


def taken(server: Server) -> int:
    """The same, of folders in which files come and go."""
    while True:
        try:
            return disk_bytes(server)
        except FileNotFoundError:
            continue


def unnamed(server: Server) -> int:
    """Shards on the nodes that the log does not name, of small contents, too."""
    done = server.run("audit", "shards", "--json")
    assert done.returncode in (0, UNHEALTHY), done.stderr
    strays = [node["strays"] for node in json.loads(done.stdout)["nodes"].values()]
    return sum(stray["dead"] + stray["young"] for stray in strays)


def files(server: Server) -> list[Path]:
    """The shards in files: those of contents of several stripes."""
    folders = [server.node_folder(number) / "buckets" for number in range(1, server.nodes + 1)]
    return [path for folder in folders for path in folder.rglob("*") if is_there(path)]


def contents(server: Server) -> int:
    """How many contents are stored, as the log has it."""
    told = server.run("status", "--output", "json")
    return json.loads(told.stdout)["stored"]["contents"] if told.stdout else -1


def put_all(server: Server, bucket: str, sizes: list[int]) -> dict[str, bytes]:
    """Objects of these sizes, by several clients at once."""
    bodies = {f"k{number}": content((bucket, number), size) for number, size in enumerate(sizes)}

    def put(worker: int) -> None:
        wire = server.wire()
        for number in range(worker, len(sizes), CLIENTS):
            answer = wire.put(bucket, f"k{number}", bodies[f"k{number}"])
            assert answer.status == 200, (answer.status, answer.body)
        wire.close()

    in_parallel(CLIENTS, put)
    return bodies


def delete_all(server: Server, bucket: str, keys: list[str]) -> None:
    def delete(worker: int) -> None:
        wire = server.wire()
        for key in keys[worker::CLIENTS]:
            assert wire.delete(bucket, key).status == 204
        wire.close()

    in_parallel(CLIENTS, delete)


def assert_reads(wire: Wire, bucket: str, bodies: dict[str, bytes]) -> None:
    for key, body in bodies.items():
        answer = wire.get(bucket, key)
        assert (answer.status, answer.body == body) == (200, True), (key, answer.status, answer.body[:300])


SIZES = [8 * KIB] * 3_000 + [MIB] * 60 + [16 * MIB] * 6
# A gigabyte. Tests that are not long write too little for segments to be compacted under way.
SIZES_LONG = [8 * KIB] * 16_000 + [MIB] * 400 + [16 * MIB] * 32


@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("sizes", [SIZES, pytest.param(SIZES_LONG, marks=pytest.mark.long)], ids=["180 MB", "1 GB"])
def test_the_room_of_all_that_is_deleted_comes_back(make_server, sizes):
    server = make_server(environment=QUICK).start()
    wire = server.wire()
    wire.make_bucket("room")
    kept = {"kept small": content("kept", 3 * KIB), "kept large": content("kept", 2 * MIB)}
    for key, body in kept.items():
        assert wire.put("room", key, body).status == 200
    kept_bytes = SMALL_TIMES * sum(map(len, kept.values()))
    bodies = put_all(server, "room", sizes)
    # Without the room that nodes ask for ahead, in which small objects would not show.
    stored = int(sum((SMALL_TIMES if size <= 32 * KIB else LARGE_TIMES) * size for size in sizes))
    peak = taken(server)
    assert peak >= stored
    begun = time.monotonic()
    delete_all(server, "room", list(bodies))
    # What nodes asked for ahead they give back when nothing was written for some time.
    wait.until(lambda: taken(server) < LEFT_SHARE * sum(sizes) + kept_bytes, "the room", GIVEN_BACK_SECONDS)
    seconds, left = time.monotonic() - begun, taken(server)
    print(f"{sum(sizes) / MIB:.0f} MiB on {peak / MIB:.0f} MiB of disk went to {left / MIB:.1f} MiB, of which "
          f"{kept_bytes / MIB:.1f} MiB are needed, within {seconds:.1f} s")
    # The connection from before was idle for too long.
    assert_reads(server.wire(), "room", kept)
    server.restart()
    assert_reads(server.wire(), "room", kept)


def multipart(wire: Wire, key: str, parts: list[bytes], *, complete: bool) -> str:
    """Begins an upload with these parts, and completes it or not. Returns its id."""
    path = object_path("left", key)
    upload = wire.request("POST", path, "uploads").text("UploadId")
    listed = []
    for number, part in enumerate(parts, 1):
        answer = wire.request("PUT", path, f"partNumber={number}&uploadId={upload}", body=part)
        assert answer.status == 200, answer.body
        listed.append(f"<Part><PartNumber>{number}</PartNumber><ETag>{etag(part)}</ETag></Part>")
    if complete:
        document = f"<CompleteMultipartUpload>{''.join(listed)}</CompleteMultipartUpload>".encode()
        assert wire.request("POST", path, f"uploadId={upload}", body=document).status == 200
    return upload


def test_what_every_kind_of_change_leaves_is_given_back(make_server):
    server = make_server(environment={**SHORT_UPLOADS}).start()
    wire = server.wire()
    wire.make_bucket("left")
    # Overwritten.
    for number in range(3):
        assert wire.put("left", "overwritten", content(number, 300 * KIB)).status == 200
    # One content by three names, of which one stays.
    shared = content("shared", 2 * MIB)
    assert wire.put("left", "first", shared).status == 200
    assert wire.put("left", "twin", shared).status == 200
    copied = wire.request("PUT", object_path("left", "copy"), headers={"x-amz-copy-source": "/left/first"})
    assert copied.status == 200, copied.body
    for key in ("first", "twin"):
        assert wire.delete("left", key).status == 204
    # Appended to, and overwritten.
    assert wire.put("left", "appended", content("begin", MIB)).status == 200
    more = wire.request("PUT", object_path("left", "appended"), headers={"x-amz-write-offset-bytes": str(MIB)},
                        body=content("end", MIB))
    assert more.status == 200, more.body
    # Parts that were uploaded again, left out, aborted, completed.
    parts = [content(("part", number), 5 * MIB) for number in range(3)]
    upload = multipart(wire, "aborted", parts, complete=False)
    assert wire.request("DELETE", object_path("left", "aborted"), f"uploadId={upload}").status == 204
    multipart(wire, "completed", parts, complete=True)
    multipart(wire, "gone", [content("other", 5 * MIB), parts[0]], complete=True)
    assert wire.delete("left", "gone").status == 204
    # A bucket that is deleted with an upload under way.
    wire.make_bucket("deleted")
    under_way = wire.request("POST", "/deleted/key", "uploads").text("UploadId")
    part = wire.request("PUT", "/deleted/key", f"partNumber=1&uploadId={under_way}", body=content("lost", 5 * MIB))
    assert part.status == 200
    assert wire.request("DELETE", "/deleted").status == 204
    # overwritten: 1, shared: 1, appended: 2, completed: 3.
    wait.until(lambda: contents(server) == 7, "the contents that are needed and no other", GIVEN_BACK_SECONDS)
    wait.until(lambda: unnamed(server) == 0, "the shards that are needed and no other", GIVEN_BACK_SECONDS)
    # Shared and completed have several stripes, so six shards in a file each.
    assert len(files(server)) == 4 * 6
    assert_reads(server.wire(), "left", {"overwritten": content(2, 300 * KIB), "copy": shared,
                                "appended": content("begin", MIB) + content("end", MIB), "completed": b"".join(parts)})


def strand(server: Server) -> Path:
    """Leaves a shard on a node that no event names, as an upload leaves it that ended before its commit."""
    of_upload = next(path for path in files(server) if path.suffix != ".staged")
    moment = int(time.time() * 1000)
    # The version that says that its pieces are tagged, and the bits of its index zero.
    name = uuid.UUID(int=moment << 80 | 8 << 76 | 2 << 62 | uuid.uuid4().int >> 66 & ~7)
    stranded = of_upload.with_name(str(name))
    stranded.write_bytes(of_upload.read_bytes())
    return stranded


POINTS = failpoints.of_service("gc")


def until_it_kills_itself(server: Server) -> int:
    """Starts a server that kills itself, and waits until nothing is left of it. Returns its exit code."""
    server.spawn()
    process, server.process, below = server.process, None, set()
    end = time.monotonic() + KILLED_SECONDS
    while process.poll() is None:
        below.update(processes.family(process.pid))
        if time.monotonic() > end:
            server.process = process
            raise AssertionError(f"it lives: {server.said()}")
        time.sleep(wait.LOOK_INTERVAL_SECONDS)
    wait.until(lambda: not any(map(processes.is_alive, below)), "the end of the killed server's children", 10)
    return process.returncode


ALL_POINTS = [(point, 1) for point in POINTS]
# These are come to on every node, time and again: each round kills at another one of them.
ON_EVERY_NODE = ("gc.listed", "gc.counted")
ALL_POINTS_MANY = [(point, 1 + number // len(POINTS) if point in ON_EVERY_NODE else 1)
                   for number, point in enumerate(POINTS * 12)]


@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("points", [ALL_POINTS[::4], pytest.param(ALL_POINTS, marks=pytest.mark.long),
                                    pytest.param(ALL_POINTS_MANY, marks=pytest.mark.long)],
                         ids=["some points", "all points", "a hundred kills"])
def test_killed_at_any_point_the_next_start_ends_clean(make_server, points):
    server = make_server(environment={**SHORT_UPLOADS}).start()
    wire = server.wire()
    wire.make_bucket("killed")
    kept = {"small": content("small", 2 * KIB), "large": content("large", 2 * MIB)}
    for key, body in kept.items():
        assert wire.put("killed", key, body).status == 200
    for point, count in points:
        # Nothing of what is deleted now is given back before the start that is killed.
        server.stop()
        server.environment["PLANETSTORE_GC_GRACE"] = "1h"
        wire = server.start().wire()
        for number in range(4):
            body = content((point, count, number), 200 * KIB if number % 2 else 2 * MIB)
            assert wire.put("killed", f"gone-{number}", body).status == 200
            assert wire.delete("killed", f"gone-{number}").status == 204
        server.stop()
        stranded = strand(server)
        server.environment |= {"PLANETSTORE_GC_GRACE": "0s", failpoints.VARIABLE: f"{point}@{count}"}
        assert until_it_kills_itself(server) == -signal.SIGKILL, f"it never came to {point}: {server.said()}"
        del server.environment[failpoints.VARIABLE]
        wire = server.start().wire()
        # Of the large one six, and nothing else.
        wait.until(lambda: len(files(server)) == 6, f"clean nodes after {point}", GIVEN_BACK_SECONDS)
        assert not stranded.exists()
        wait.until(lambda: contents(server) == 2 and unnamed(server) == 0, f"clean segments after {point}")
        assert_reads(wire, "killed", kept)


def find_gauge(server: Server, name: str) -> float | None:
    status, text = server.get_console("/metrics")
    assert status == 200
    found = re.search(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text.decode(), re.MULTILINE)
    return float(found[1]) if found else None


def gauge(server: Server, name: str) -> float:
    value = find_gauge(server, name)
    assert value is not None, f"no {name}"
    return value


@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("seconds", [20, pytest.param(600, marks=pytest.mark.long)])
def test_under_steady_deletes_the_backlog_does_not_grow(make_server, seconds):
    server = make_server(environment=QUICK).start()
    server.wire().make_bucket("steady")
    waiting = "planetstore_gc_unreferenced_contents"
    wait.until(lambda: find_gauge(server, waiting) is not None, "the gauge")
    end, backlogs = time.monotonic() + seconds, []
    early = time.monotonic() + min(60, seconds / 2)

    def put_and_delete(worker: int) -> int:
        wire, count = server.wire(), 0
        while time.monotonic() < end:
            key = f"{worker}-{count}"
            assert wire.put("steady", key, content(key, 4 * KIB)).status == 200
            assert wire.delete("steady", key).status == 204
            count += 1
            if worker == 0 and count % 20 == 0:
                backlogs.append((time.monotonic(), gauge(server, waiting)))
        wire.close()
        return count

    done = sum(in_parallel(CLIENTS, put_and_delete, seconds + PARALLEL_SECONDS_MAX))
    at_first = [backlog for at, backlog in backlogs if at <= early]
    assert at_first and len(backlogs) > len(at_first), backlogs
    first, last = max(at_first), backlogs[-1][1]
    assert first > 0, "something waits for the end of the grace period"
    print(f"{done / seconds:.0f} deletes a second; {first:.0f} contents waited at first, {last:.0f} at the end")
    # What is deleted within the grace period waits in any case, and the host is not always as fast.
    within_grace = 2 * GRACE_SECONDS * done / seconds
    assert last <= max(first, within_grace), backlogs


def test_it_is_paused_goes_on_and_is_shown(make_server):
    server = make_server(environment={**QUICK, "PLANETSTORE_GC_GRACE": "0s"}).start()
    wire = server.wire()
    wire.make_bucket("paused")

    def worker(*arguments: str) -> str:
        done = server.run("worker", *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def shown(name: str = "gc") -> dict:
        listed = json.loads(worker("list", "--output", "json"))["workers"]
        return next(one for one in listed if one["worker"] == name)

    def state() -> str:
        return shown()["state"]["name"]

    wait.until(lambda: state() == "idle", "nothing left to do")
    assert worker("pause", "gc") == "gc is paused\n"
    wait.until(lambda: state() == "paused", "the pause")
    assert wire.put("paused", "key", content("key", 2 * MIB)).status == 200
    assert wire.delete("paused", "key").status == 204
    worker("run", "gc")
    assert "gc " in worker("list")
    # The last shard of a write may follow.
    wait.until(lambda: len(files(server)) == 6, "its shards")
    # Another worker, which is asked afterwards, goes through all that the nodes hold meanwhile.
    before = shown("scan")["done"]
    worker("run", "scan")
    wait.until(lambda: shown("scan")["done"] > before and shown("scan")["state"]["name"] == "idle", "a pass of the scan")
    assert len(files(server)) == 6
    assert worker("resume", "gc") == "gc goes on\n"
    wait.until(lambda: not files(server), "the end of its shards", GIVEN_BACK_SECONDS)
    worker("rate", "gc", "1000")
    wait.until(lambda: shown()["rate"] == 1000, "the rate")
    unknown = server.run("worker", "pause", "nobody")
    assert unknown.returncode == 1 and "no running process" in unknown.stderr
