"""Fixtures: one server for all protocol tests, and separate servers for tests that break something."""

import itertools
import os
import secrets
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from harness import processes
from harness.clients import CommandLine, boto_client
from harness.composition import Composition
from harness.content import MIB
from harness.hostile import Kept
from harness.server import BINARY, Server
from harness.tree import plant
from harness.wire import Wire
from harness.world import World, populate

_numbers = itertools.count(1)

# The seed of every random moment and content. Set PLANETSTORE_TEST_SEED to repeat a run.
SEED = int(os.environ.get("PLANETSTORE_TEST_SEED") or secrets.randbits(32))
# The workers of pytest-xdist use the same seed.
os.environ["PLANETSTORE_TEST_SEED"] = str(SEED)


def pytest_report_header() -> str:
    return f"seed: {SEED} (PLANETSTORE_TEST_SEED={SEED} repeats it)"


@pytest.fixture(scope="session")
def seed() -> int:
    """The seed of the random moments of this run."""
    return SEED


def pytest_configure(config: pytest.Config) -> None:
    if not BINARY.is_file():
        raise pytest.UsageError(f"there is no {BINARY}: build it, or set PLANETSTORE_BINARY")


# The folders whose cases bound no time closely, but for those marked `alone`.
BESIDE = ("api", "access", "wire", "clients", "operations")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    root = Path(__file__).parent
    for item in items:
        if item.path.relative_to(root).parts[0] in BESIDE and item.get_closest_marker("alone") is None:
            item.add_marker("beside")


@pytest.fixture(scope="session", autouse=True)
def nothing_left() -> Iterator[None]:
    """No process of the tests outlives them."""
    processes.adopt_orphans()
    yield
    processes.reap_orphans()
    left = {pid: processes.command_line(pid) for pid in processes.children(os.getpid())}
    assert not left, f"processes are left: {left}"


@pytest.fixture
def composition(nothing_left: None, tmp_path: Path) -> Iterator[Composition]:
    """Every role in its own process, with the rights that nats/compose.conf grants."""
    composition = Composition(tmp_path / "composition")
    try:
        yield composition.start()
    finally:
        composition.close()


@pytest.fixture(scope="session")
def server(nothing_left: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The shared server. Tests use their own buckets in it and break nothing."""
    server = Server(tmp_path_factory.mktemp("shared")).start()
    try:
        yield server
        server.stop()
    finally:
        server.close()


@pytest.fixture
def make_server(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Makes servers that end with the test."""
    made: list[Server] = []

    def make(name: str = "own", **options: object) -> Server:
        made.append(Server(tmp_path / name, **options))
        return made[-1]

    yield make
    for server in made:
        server.close()


@pytest.fixture(scope="session")
def s3(server: Server):
    """A boto3 client of the shared server."""
    return boto_client(server)


@pytest.fixture
def wire(server: Server) -> Iterator[Wire]:
    """A client of the shared server that signs by hand."""
    server.assert_alive()
    wire = server.wire()
    yield wire
    wire.close()


@pytest.fixture(scope="session")
def world(server: Server) -> Iterator[World]:
    """Users of every kind on the shared server."""
    world = populate(server)
    yield world
    world.users.close()


@pytest.fixture
def bucket(server: Server, s3) -> str:
    """A new bucket of the shared server."""
    server.assert_alive()
    name = f"bucket-{next(_numbers)}"
    s3.create_bucket(Bucket=name)
    return name


@pytest.fixture
def kept(s3, bucket: str) -> Kept:
    """A bucket whose contents must be unchanged after everything that is tried on it."""
    s3.put_object(Bucket=bucket, Key="kept", Body=b"kept")
    return Kept(s3, bucket, s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"])


@pytest.fixture
def versioned(s3, bucket: str) -> str:
    """A new bucket with versioning."""
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return bucket


@pytest.fixture
def command(server: Server, tmp_path: Path) -> CommandLine:
    """Client programs with their own home folder."""
    return CommandLine(server, tmp_path)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder of files to upload."""
    return plant(tmp_path / "tree")


@pytest.fixture
def refused() -> Callable[..., dict]:
    """Asserts that a boto3 call is refused with a code and a status; returns the response."""

    def check(code: str, status: int, call: Callable[..., object], **arguments: object) -> dict:
        with pytest.raises(ClientError) as caught:
            call(**arguments)
        response = caught.value.response
        assert (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == (code, status), response
        return response

    return check


@pytest.fixture
def mount() -> Iterator[Callable[[Path, int], None]]:
    """Mounts small file systems in memory, and unmounts them at the end of the test."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    mounted: list[Path] = []

    def mount(place: Path, mebibytes: int) -> None:
        place.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m,mode=0700", "tmpfs", place],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            pytest.skip(f"a small file system cannot be mounted here: {done.stderr.strip()}")
        mounted.append(place)

    yield mount
    for place in reversed(mounted):
        subprocess.run(["umount", "-l", place], check=True)


@pytest.fixture
def mount_image(tmp_path: Path) -> Iterator[Callable[[Path, int], None]]:
    """Mounts small file systems in image files, like real disks, and unmounts them at the end of the test."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    mounted: list[Path] = []
    environment = {**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}

    def run(*command: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False,
                              env=environment)

    def mount(place: Path, mebibytes: int) -> None:
        place.mkdir(parents=True, exist_ok=True)
        image = tmp_path / f"{len(mounted)}.image"
        with image.open("wb") as file:
            file.truncate(mebibytes * MIB)
        # No blocks are reserved for root, who would otherwise still write to a disk that reports to be full.
        for command in (["mkfs.ext4", "-q", "-F", "-m", "0", image], ["mount", "-o", "loop", image, place]):
            done = run(*command)
            if done.returncode != 0:
                pytest.skip(f"an image cannot be mounted here: {done.stderr.strip()}")
        mounted.append(place)

    yield mount
    for place in reversed(mounted):
        assert run("umount", "-l", place).returncode == 0
