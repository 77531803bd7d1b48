"""Stores to measure: ours on a fresh data folder, and its peers."""

import http.client
import json
import os
import secrets
import shutil
import signal
import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

BENCH = Path(__file__).resolve().parent
ROOT = BENCH.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
# On a disk, not in memory, because durable writes are measured.
DATA = TARGET / "bench"
START_SECONDS_MAX = 60
STOP_SECONDS_MAX = 60


@dataclass(frozen=True)
class Store:
    """A running store."""

    name: str
    endpoint: str
    access: str
    secret: str
    match: str
    pid: int | None = None


def build() -> tuple[Path, Path]:
    """Builds our release binary and the load generator."""
    subprocess.run(["cargo", "build", "--quiet", "--release", "--locked", "-p", "planetstore"], cwd=ROOT, check=True)
    return TARGET / "release" / "planetstore", build_load()


def build_load(name: str = "s3load") -> Path:
    """Builds a load generator, which is not a member of the workspace."""
    folder = TARGET / "s3load"
    subprocess.run(["cargo", "build", "--quiet", "--release", "--locked", "--target-dir", folder], cwd=BENCH / name,
                   check=True)
    return folder / "release" / name


class Console:
    """The admin API of our store, as root."""

    def __init__(self, store: Store, run: Path | None = None) -> None:
        run = run or DATA / "planetstore" / "run.json"
        self.address = json.loads(run.read_text())["console"]
        self.connection = http.client.HTTPConnection(self.address, timeout=60)
        self.token = self.ask("POST", "/login", {"user": store.access, "password": store.secret})["access_token"]

    def ask(self, method: str, path: str, document: dict | None = None) -> dict | list:
        """The document of an answer."""
        headers = {"Content-Type": "application/json"}
        if hasattr(self, "token"):
            headers["Authorization"] = f"Bearer {self.token}"
        text = self._send(method, path, None if document is None else json.dumps(document), headers)
        return json.loads(text) if text else {}

    def s3(self, method: str, path: str, body: str) -> None:
        """A request of S3 under the session."""
        headers = {"Authorization": f"Bearer {self.token}", "X-Planetstore-Request": "bench"}
        self._send(method, f"/s3/{path}", body, headers)

    def _send(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> bytes:
        try:
            self.connection.request(method, f"/api/v1{path}", body, headers)
            answer = self.connection.getresponse()
        except (ConnectionError, http.client.RemoteDisconnected):
            # The store ends connections that were idle for long.
            self.connection.close()
            self.connection.request(method, f"/api/v1{path}", body, headers)
            answer = self.connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise SystemExit(f"{method} {path}: {answer.status} {text.decode()}")
        return text


@contextmanager
def planetstore(binary: Path, *more: str) -> Iterator[Store]:
    """Our own store, as `planetstore dev` with six nodes, on a data folder that is removed afterwards."""
    shutil.rmtree(DATA, ignore_errors=True)
    DATA.mkdir(parents=True)
    data = DATA / "planetstore"
    access, secret = f"BENCH{secrets.token_hex(8)}", secrets.token_hex(20)
    nats = subprocess.run([ROOT / "nats" / "install"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    environment = {**os.environ, "PLANETSTORE_ROOT_USER": access, "PLANETSTORE_ROOT_PASSWORD": secret,
                   "PLANETSTORE_NATS_SERVER": nats, "PLANETSTORE_LOG": "warn"}
    command = [binary, "dev", "--data", data, "--listen", "127.0.0.1:0", "--console", "127.0.0.1:0", "--nodes", "6", *more]
    log = DATA / "planetstore.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
    try:
        run = _announced(process, data / "run.json", log)
        # nats-server has the data folder in its command line as well.
        yield Store("planetstore", run["s3"], access, secret, str(data), process.pid)
        process.send_signal(signal.SIGTERM)
        process.wait(STOP_SECONDS_MAX)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        shutil.rmtree(DATA)


def _announced(process: subprocess.Popen, file: Path, log: Path) -> dict:
    end = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < end:
        if process.poll() is not None:
            raise SystemExit(f"planetstore ended with {process.returncode}:\n{log.read_text()}")
        if file.exists():
            return json.loads(file.read_text())
        time.sleep(0.05)
    raise SystemExit(f"planetstore does not start:\n{log.read_text()}")


@contextmanager
def peer(name: str) -> Iterator[Store]:
    """One of the peers, freshly set up; see peers.sh."""
    ask = lambda *words: subprocess.run(  # noqa: E731
        [BENCH / "peers.sh", *words], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    try:
        subprocess.run([BENCH / "peers.sh", "up", name], check=True)
        access, secret = ask("keys").split()
        yield Store(name, ask("endpoint", name), access, secret, ask("match", name))
    finally:
        subprocess.run([BENCH / "peers.sh", "down"], check=True)


def machine() -> str:
    """The machine and the date of the measurement."""
    cpus = [line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")]
    model = cpus[0] if cpus else os.uname().machine
    day = datetime.now(timezone.utc).strftime("%Y-%m-%d")
    return f"{day}, {os.cpu_count()} cores of {model}, fdatasync of 4 KiB {fdatasync_ms():.2f} ms median"


def fdatasync_ms(rounds: int = 300) -> float:
    """The time in ms to make 4 KiB durable on the disk of the data."""
    DATA.mkdir(parents=True, exist_ok=True)
    file, times = DATA / "fdatasync", []
    with file.open("wb", buffering=0) as out:
        out.write(bytes(4096 * rounds))
        os.fsync(out.fileno())
        out.seek(0)
        for _ in range(rounds):
            begun = time.perf_counter()
            out.write(os.urandom(4096))
            os.fdatasync(out.fileno())
            times.append(time.perf_counter() - begun)
    file.unlink()
    return statistics.median(times) * 1e3
