"""A store whose program has the pages of the console, and scripts of ui/tests that drive a browser on it."""

import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.clients import boto_client
from harness.server import Server

UI = Path(__file__).parents[2] / "ui"
INSTALL_SECONDS = 240
# Below the timeout of a case, so that it fails with what the script has said.
BROWSER_SECONDS = 280
RESTART_PLEASE = "please restart the store"


@pytest.fixture(scope="session")
def modules() -> None:
    """The packages of ui/, installed as they are locked."""
    if shutil.which("node") is None:
        pytest.skip("there is no Node.js")
    if not (UI / "node_modules/playwright-core").is_dir():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=UI, timeout=INSTALL_SECONDS, check=True)


@pytest.fixture
def console(make_server: Callable[..., Server], modules: None) -> Server:
    """A store whose program has the pages, which comes back at its address."""
    server = make_server(keeps_ports=True).start()
    status, page = server.get_console("/")
    if status != 200 or b"<!doctype html>" not in page:
        pytest.skip("this binary was built without the pages of the console")
    return server


@pytest.fixture
def store(console: Server) -> Iterator[Server]:
    """Such a store with a few objects in a bucket, some of them with names that are hard to show."""
    client = boto_client(console)
    client.create_bucket(Bucket="photos")
    client.put_bucket_versioning(Bucket="photos", VersioningConfiguration={"Status": "Enabled"})
    for key in ["2026/11/cat.jpg", "2026/11/cat.jpg", "مجلد/صورة.jpg", "🪐/planet.txt", "k" * 1024]:
        client.put_object(Bucket="photos", Key=key, Body=os.urandom(3000))
    client.create_bucket(Bucket="a" * 63)
    return console


@pytest.fixture
def drive() -> Callable[..., None]:
    """Runs a script of ui/tests against a store, which is restarted when the script asks for it. It fails with what the
    script said, or has not said after some seconds."""

    def drive(script: str, store: Server, *, seconds: float = BROWSER_SECONDS, **settings: object) -> None:
        environment = {
            **os.environ,
            "PLANETSTORE_CONSOLE_URL": f"http://{store.console}",
            "PLANETSTORE_PASSWORD": store.credentials.secret,
            **{f"PLANETSTORE_{name.upper()}": str(value) for name, value in settings.items()},
        }
        process = subprocess.Popen(
            ["node", f"tests/{script}"], cwd=UI, env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
        timer = threading.Timer(seconds, process.kill)
        timer.start()
        said = []
        try:
            for line in process.stdout:
                said.append(line)
                if line.startswith(RESTART_PLEASE):
                    store.restart()
                    process.stdin.write("restarted\n")
                    process.stdin.flush()
            code = process.wait()
        finally:
            timer.cancel()
            process.kill()
            process.wait()
        print("".join(said))
        assert code == 0, "".join(said)

    return drive
