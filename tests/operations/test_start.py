"""Starting and stopping: the output, the refusals, and that nothing is left behind."""

import os
import re
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from harness import processes, wait
from harness.clients import boto_client
from harness.content import MIB, content
from harness.server import BINARY, NotStarted, Server
from harness.wire import Credentials


def test_the_first_start_says_all_that_is_needed(make_server):
    server = make_server()
    server.environment = {"PLANETSTORE_ROOT_USER": "", "PLANETSTORE_ROOT_PASSWORD": ""}
    server.start()
    file = server.data / "credentials"
    assert file.stat().st_mode & 0o777 == 0o600
    kept = dict(line.split("=", 1) for line in file.read_text().splitlines() if not line.startswith("#"))
    access, secret = kept["PLANETSTORE_ROOT_USER"], kept["PLANETSTORE_ROOT_PASSWORD"]
    wait.until(lambda: "rclone" in server.said(), "the lines to paste")
    said = server.said()
    for part in (server.endpoint, access, secret, "aws s3", "boto3.client", "rclone lsd"):
        assert part in said, part
    server.credentials = Credentials(access, secret)
    boto_client(server).create_bucket(Bucket="first")
    server.restart()
    assert [entry["Name"] for entry in boto_client(server).list_buckets()["Buckets"]] == ["first"]
    server.stop()


def test_everything_is_found_again(make_server):
    server = make_server().start()
    s3 = boto_client(server)
    s3.create_bucket(Bucket="kept")
    s3.put_bucket_versioning(Bucket="kept", VersioningConfiguration={"Status": "Enabled"})
    bodies = {f"k{size}": content(size, size) for size in (0, 10, 100_000, 3 * MIB)}
    versions = {key: s3.put_object(Bucket="kept", Key=key, Body=body)["VersionId"] for key, body in bodies.items()}
    upload = s3.create_multipart_upload(Bucket="kept", Key="upload")["UploadId"]
    tag = s3.upload_part(Bucket="kept", Key="upload", UploadId=upload, PartNumber=1, Body=b"part")["ETag"]
    s3.delete_object(Bucket="kept", Key="k10")
    for _ in range(2):
        server.restart()
        s3 = boto_client(server)
        for key, version in versions.items():
            assert s3.get_object(Bucket="kept", Key=key, VersionId=version)["Body"].read() == bodies[key]
        listed = s3.list_objects_v2(Bucket="kept")["Contents"]
        assert [entry["Key"] for entry in listed] == ["k0", "k100000", "k3145728"]
    s3.complete_multipart_upload(Bucket="kept", Key="upload", UploadId=upload,
                                 MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": tag}]})
    assert s3.get_object(Bucket="kept", Key="upload")["Body"].read() == b"part"
    server.stop()
    rebuilt = server.run("rebuild")
    assert rebuilt.returncode == 0 and "equal" in rebuilt.stdout and "events per second" in rebuilt.stdout


@pytest.mark.parametrize("way", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_cleanly(make_server, way):
    server = make_server().start()
    below = processes.family(server.pid)
    assert len(below) == 2, "the process and its nats-server"
    process, server.process = server.process, None
    process.send_signal(way)
    assert process.wait(60) == 0
    assert not any(map(processes.is_alive, below))
    assert not (server.data / "run.json").exists()


def test_requests_under_way_are_finished_when_it_stops(make_server):
    server = make_server().start()
    wire = server.wire()
    wire.make_bucket("last")
    data = content("last", 4 * MIB)
    headers = {"content-length": str(len(data)), "expect": "100-continue"}
    head, _ = wire.head("PUT", "/last/k", headers=headers)
    with wire.connect() as stream:
        stream.sendall(head.to_bytes())
        assert b" 100 " in stream.recv(1024)  # from here on the request is in flight
        stream.sendall(data[:MIB])
        process, server.process = server.process, None
        process.send_signal(signal.SIGTERM)
        stream.sendall(data[MIB:])
        assert b" 200 " in stream.recv(1024).split(b"\r\n")[0]
    assert process.wait(60) == 0
    server.start()
    wire = server.wire()
    assert wire.get("last", "k").body == data
    wire.close()
    server.stop()


def test_killing_it_leaves_no_nats_server(make_server):
    server = make_server().start()
    assert server.nats_pid()
    server.kill()  # also checks that the nats-server has ended


def test_a_taken_port_is_said_to_be_taken(make_server):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for flag in ("--listen", "--console"):
            server = make_server(f"taken{flag}")
            server.folder.mkdir()
            other = "--console" if flag == "--listen" else "--listen"
            done = subprocess.run(
                [BINARY, "dev", "--data", server.data, flag, f"127.0.0.1:{port}", other, "127.0.0.1:0"],
                env=server.surroundings(), capture_output=True, text=True, timeout=60, check=False)
            assert done.returncode == 1
            assert f"127.0.0.1:{port} is already in use" in done.stderr and flag in done.stderr


def test_a_folder_serves_one_process(make_server):
    server = make_server().start()
    second = Server(server.folder)
    second.log = server.folder / "second.log"
    with pytest.raises(NotStarted) as caught:
        second.start()
    assert caught.value.code == 1 and f"in use by process {server.pid}" in caught.value.said
    assert server.is_ready()
    offline = server.run("rebuild")
    assert offline.returncode == 1 and "in use" in offline.stderr
    server.stop()


def test_a_folder_of_a_newer_version_is_left_alone(make_server):
    server = make_server().start()
    server.wire().make_bucket("kept")
    server.stop()
    version = server.data / "version"
    format_now = version.read_text()
    version.write_text("999\n")
    for attempt in (server.start, lambda: server.run("rebuild").check_returncode()):
        with pytest.raises((NotStarted, subprocess.CalledProcessError)):
            attempt()
    assert "newer" in server.said()
    assert version.read_text() == "999\n"
    version.write_text(format_now)
    server.start()
    assert server.wire().request("HEAD", "/kept").status == 200
    server.stop()


def test_a_folder_of_something_else_is_left_alone(make_server):
    server = make_server()
    server.data.mkdir(parents=True)
    (server.data / "letter").write_text("dear")
    with pytest.raises(NotStarted) as caught:
        server.start()
    assert "letter" in caught.value.said
    assert [path.name for path in server.data.iterdir()] == ["letter"]


@pytest.mark.parametrize("environment,says", [
    ({"PLANETSTORE_ROOT_PASSWORD": ""}, "PLANETSTORE_ROOT_PASSWORD is not"),
    ({"PLANETSTORE_ROOT_PASSWORD": "short"}, "PLANETSTORE_ROOT_PASSWORD"),
    ({"PLANETSTORE_NATS_SERVER": "/nowhere/nats-server"}, "/nowhere/nats-server"),
])
def test_what_is_set_wrongly_is_said(make_server, environment, says):
    server = make_server(environment=environment)
    with pytest.raises(NotStarted) as caught:
        server.start()
    assert caught.value.code == 1 and says in caught.value.said


def test_a_region_is_settled_once(make_server):
    server = make_server(environment={"PLANETSTORE_REGION": "eu-west-9"}).start()
    server.stop()
    server.environment = {"PLANETSTORE_REGION": "eu-west-8"}
    with pytest.raises(NotStarted) as caught:
        server.start()
    assert "eu-west-9" in caught.value.said


@pytest.mark.parametrize("words", [["dev", "--nodes", "2"], ["dev", "--unknown"], ["no-such-command"], []])
def test_wrong_usage(words):
    done = subprocess.run([BINARY, *words], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2 and re.search("usage|--help", done.stderr, re.IGNORECASE)


def test_the_doctor_finds_nothing_wrong_with_what_is_well(make_server):
    server = make_server().start()
    running = server.run("doctor")
    assert running.returncode == 0, running.stdout + running.stderr
    server.stop()
    stopped = server.run("doctor", "--listen", "127.0.0.1:0", "--console", "127.0.0.1:0")
    assert stopped.returncode == 0, stopped.stdout + stopped.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_any_user_can_run_it(make_server, tmp_path):
    """Runs as a user without a name or a home, in its own folder."""
    folder = tmp_path / "nobody"
    folder.mkdir()
    # Every folder that pytest made above this one is its own user's alone; how many there are depends on its workers.
    for parent in (folder, *folder.parents):
        if not parent.stat().st_mode & stat.S_IXOTH:
            parent.chmod(0o755)
    os.chown(folder, 12345, 12345)
    program = tmp_path / "planetstore"
    program.write_bytes(BINARY.read_bytes())
    program.chmod(0o755)
    nats = tmp_path / "nats-server"
    nats.write_bytes(Path(os.environ["PLANETSTORE_NATS_SERVER"]).read_bytes())
    nats.chmod(0o755)
    words = ["planetstore", "dev", "--listen", "127.0.0.1:0", "--console", "127.0.0.1:0"]
    start = (f"import os; os.setgid(12345); os.setuid(12345); os.chdir({str(folder)!r}); "
             f"os.execv({str(program)!r}, {words})")
    environment = {"PATH": "/usr/bin:/bin", "PLANETSTORE_NATS_SERVER": str(nats)}
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-c", start], env=environment, stdout=log, stderr=log)
    try:
        wait.until(lambda: "rclone" in (tmp_path / "log").read_text() or process.poll() is not None, "its start", 60)
        assert process.poll() is None, (tmp_path / "log").read_text()
        assert (folder / "planetstore-data" / "run.json").exists()
        # Its user can read neither its memory nor its initial environment: the kernel gives both to root.
        kernel = Path(f"/proc/{process.pid}")
        assert "Uid:\t12345\t" in (kernel / "status").read_text()
        assert {(kernel / name).stat().st_uid for name in ("mem", "environ", "fd")} == {0}
        process.terminate()
        assert process.wait(60) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
