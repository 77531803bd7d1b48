"""Two regions on one machine: `planetstore dev --regions 2`."""

import os
import signal

from harness import processes
from harness.clients import boto_client
from harness.regions import two_regions


def test_both_regions_serve_and_have_nothing_in_common(make_server):
    first, second = two_regions(make_server)
    said = first.said()
    for part in ("serves region us-east-1", "serves region us-west-2", first.endpoint, second.endpoint):
        assert part in said, part
    one, other = boto_client(first), boto_client(second)
    one.create_bucket(Bucket="here")
    other.create_bucket(Bucket="there", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    assert [bucket["Name"] for bucket in one.list_buckets()["Buckets"]] == ["here"]
    assert [bucket["Name"] for bucket in other.list_buckets()["Buckets"]] == ["there"]
    assert (first.data / "master.key").read_bytes() != (second.data / "master.key").read_bytes()
    assert len(processes.family(first.pid)) == 4, "two processes, each with its nats-server"
    first.restart()
    other = boto_client(second.found())
    assert [bucket["Name"] for bucket in other.list_buckets()["Buckets"]] == ["there"]
    first.stop()


def test_a_region_that_crashes_comes_back_and_stops_nothing(make_server):
    first, second = two_regions(make_server)
    one = boto_client(first)
    one.create_bucket(Bucket="here")
    os.kill(second.second_pid, signal.SIGKILL)
    one.put_object(Bucket="here", Key="k", Body=b"while the other region is down")
    assert boto_client(second.found()).list_buckets()["Buckets"] == []
    first.kill()


def test_a_second_region_that_cannot_start_is_said(make_server):
    first = make_server()
    first.environment["PLANETSTORE_REGIONS"] = "2"
    folder = first.data / "regions" / "us-west-2"
    folder.mkdir(parents=True)
    (folder / "letter").write_text("")
    (first.data / "version").write_text("1\n")
    first.spawn()
    assert first.process.wait(60) == 1
    first.process = None
    assert "it contains letter" in first.said() and "the second region, us-west-2" in first.said()
