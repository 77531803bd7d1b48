"""The console in a browser: every page, core tasks by keyboard alone, and objects. See ui/tests."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.clients import boto_client
from harness.server import Server

UI = Path(__file__).parents[2] / "ui"
INSTALL_SECONDS = 240
BROWSER_SECONDS = 280

pytestmark = [pytest.mark.slow, pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node.js")]


@pytest.fixture(scope="module")
def modules() -> None:
    """The packages of ui/, installed as they are locked."""
    if not (UI / "node_modules/playwright-core").is_dir():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=UI, timeout=INSTALL_SECONDS, check=True)


@pytest.fixture
def store(make_server: Callable[..., Server], modules: None) -> Iterator[Server]:
    """A store whose program has the pages, with a few objects in a bucket."""
    server = make_server().start()
    status, page = server.get_console("/")
    if status != 200 or b"<!doctype html>" not in page:
        pytest.skip("this binary was built without the pages of the console")
    client = boto_client(server)
    client.create_bucket(Bucket="photos")
    client.put_bucket_versioning(Bucket="photos", VersioningConfiguration={"Status": "Enabled"})
    for key in ["2026/11/cat.jpg", "2026/11/cat.jpg", "مجلد/صورة.jpg", "🪐/planet.txt", "k" * 1024]:
        client.put_object(Bucket="photos", Key=key, Body=os.urandom(3000))
    client.create_bucket(Bucket="a" * 63)
    return server


def run(script: str, store: Server) -> None:
    """Runs a script of ui/tests against a store. It fails with what the script said."""
    environment = {
        **os.environ,
        "PLANETSTORE_CONSOLE_URL": f"http://{store.console}",
        "PLANETSTORE_PASSWORD": store.credentials.secret,
    }
    done = subprocess.run(
        ["node", f"tests/{script}"], cwd=UI, env=environment, capture_output=True, text=True, timeout=BROWSER_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


def test_every_page_loads_cleanly_in_both_themes_and_widths(store: Server) -> None:
    run("browser.mjs", store)


def test_an_operator_needs_no_mouse(store: Server) -> None:
    run("tasks.mjs", store)


def test_objects_are_uploaded_shared_deleted_and_restored(store: Server) -> None:
    run("objects.mjs", store)
