"""The examples of the README and of docs/ work as printed, pasted in their order."""

import os
import re
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from harness import other_store, wait
from harness.clients import CommandLine, boto_client
from harness.server import BINARY, Server
from harness.wire import Credentials

ROOT = Path(__file__).parents[2]
JAVASCRIPT = Path(os.environ.get("PLANETSTORE_JAVASCRIPT_CLIENTS", "nowhere"))

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

# DuckDB downloads its HTTP extension at the first URL; here it is installed as a package.
PREPARED = """
import duckdb, duckdb_extension_httpfs, importlib.resources
duckdb.load_extension(str(importlib.resources.files(duckdb_extension_httpfs)
    / f"extensions/v{duckdb.__version__}/httpfs.duckdb_extension"))
"""


def blocks(page: str, heading: str = "") -> list[tuple[str, str]]:
    """The code of a page, or of one of its sections, with its language."""
    text = (ROOT / page).read_text()
    if heading:
        found = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
        assert found, f"{page} has no section {heading}"
        text = found[1]
    return BLOCK.findall(text)


def pasted(page: str, heading: str = "") -> str:
    """The shell blocks as one script. A line that must fail says so."""
    shown = blocks(page, heading)
    script = "\n".join(code for language, code in shown if language == "sh" and not code.startswith("make "))
    return re.sub(r"^(.+?) +# AccessDenied$", r"\1 2>refused && exit 9; grep -q AccessDenied refused", script,
                  flags=re.MULTILINE)


def at(server: Server, script: str) -> str:
    """The script with the addresses of a server instead of the default ones."""
    return script.replace("127.0.0.1:9000", server.address).replace("127.0.0.1:9001", server.console)


def test_clients(server, command, s3, tmp_path):
    # Earlier examples of the README have created this bucket and set this variable.
    s3.create_bucket(Bucket="first")
    s3.put_object(Bucket="first", Key="now", Body=b"now")
    command.environment["RCLONE_CONFIG_PS_ENV_AUTH"] = "true"
    shown = [block for block in blocks("README.md", "Start") if block[0] == "python"] + blocks("docs/clients.md")
    assert [language for language, _ in shown].count("sh") >= 4
    said = ""
    for number, (language, code) in enumerate(shown):
        if language == "sh":
            said += command.run("sh", "-euc", code)
        elif language == "python":
            (tmp_path / "pasted.py").write_text((PREPARED if "duckdb" in code else "") + code)
            said += command.run("python", "pasted.py")
        elif (JAVASCRIPT / "ready").exists():
            # Python looks for modules in the folder of the file.
            file = tmp_path / f"pasted-{number}.mjs"
            file.write_text(code)
            (tmp_path / "node_modules").symlink_to(JAVASCRIPT / "node_modules")
            said += command.run("node", file)
    keys = {entry["Key"] for entry in s3.list_objects_v2(Bucket="first")["Contents"]}
    assert {"hello.txt", "tree/now", "from-python", "table.parquet", "final", "log"} <= keys and "draft" not in keys
    assert "'now'" in said and "hello\n" in said and "X-Amz-Signature=" in said and said.count("499500") == 2, said
    assert (tmp_path / "restored").is_dir()


@pytest.mark.waits
def test_a_first_day(make_server, tmp_path):
    server = make_server().start()
    folder = tmp_path / "checkout"
    (folder / "target").mkdir(parents=True)
    (folder / "target/release").symlink_to(BINARY.parent)
    (folder / "planetstore-data").symlink_to(server.data)
    (folder / "docs").symlink_to(ROOT / "docs")
    keys = f"PLANETSTORE_ROOT_USER={server.credentials.access}\nPLANETSTORE_ROOT_PASSWORD={server.credentials.secret}\n"
    (server.data / "credentials").write_text(keys)
    command = CommandLine(server, tmp_path)
    # Everything must come from the pasted text, in one shell, as for a user.
    kept = {name: command.environment[name] for name in ("PATH", "HOME", "LC_ALL", "RCLONE_CONFIG")}
    command.environment = {**kept, "AWS_MAX_ATTEMPTS": "1", "AWS_EC2_METADATA_DISABLED": "true"}
    script = "\n".join([pasted("README.md", "Start"), pasted("docs/clients.md", "Renames and appends"),
                        pasted("docs/users-and-policies.md"), pasted("docs/encryption.md"),
                        pasted("docs/operating.md", "Upgrading")])
    assert script.count("planetstore admin") > 15 and script.count("exit 9") == 1
    # A new master key is used after a restart, during which the user's shell stays open.
    before, step, after = script.partition("planetstore admin master-key rotate")
    assert step
    said = command.run("sh", "-euc", f"cd {folder}\n{at(server, before)}\nexport -p >shell")
    shell, old = (folder / "shell").read_text(), (server.address, server.console)
    server.stop()
    server.start()
    for was, now in zip(old, (server.address, server.console), strict=True):
        shell = shell.replace(was, now)
    said += command.run("sh", "-euc", f"cd {folder}\n{shell}\n{at(server, step + after)}")
    for expected in ("first", "photo-readers", "team/photos", "root", "ada"):
        assert expected in said, said
    listed = [entry["Key"] for entry in boto_client(server).list_objects_v2(Bucket="first")["Contents"]]
    assert listed == ["final", "log", "now"]


@pytest.mark.waits
def test_coming_from_minio(make_server, tmp_path):
    server = make_server().start()
    folder = tmp_path / "checkout"
    (folder / "target").mkdir(parents=True)
    (folder / "target/release").symlink_to(BINARY.parent)
    (folder / "planetstore-data").symlink_to(server.data)
    command = CommandLine(server, tmp_path)
    kept = {name: command.environment[name] for name in ("PATH", "HOME", "LC_ALL")}
    command.environment = {**kept, "OLD_USER": other_store.ACCESS, "OLD_PASSWORD": other_store.SECRET,
                           "PLANETSTORE_ROOT_USER": server.credentials.access,
                           "PLANETSTORE_ROOT_PASSWORD": server.credentials.secret}
    with other_store.running() as (endpoint, old):
        old.create_bucket(Bucket="photos")
        old.put_bucket_versioning(Bucket="photos", VersioningConfiguration={"Status": "Enabled"})
        for body in (b"1", b"22"):
            old.put_object(Bucket="photos", Key="a", Body=body)
        script = pasted("docs/coming-from-minio.md").replace("http://127.0.0.1:9100", endpoint)
        said = command.run("sh", "-euc", f"cd {folder}\n{script}")
    assert "would have sent 2 (3 B)" in said and "\nsent 2 (3 B), removed 0; 0 the same" in said, said
    assert '"same":2' in said.replace(" ", ""), said
    assert boto_client(server).get_object(Bucket="photos", Key="a")["Body"].read() == b"22"
    ada = Credentials("ADAOLDKEY", "the-old-secret-of-ada")
    assert boto_client(server, credentials=ada).get_object(Bucket="photos", Key="a")["Body"].read() == b"22"


@pytest.fixture
def subscriber(composition, tmp_path):
    """The program of docs/events/README.md with the login of the user `feed`; its lines are written to the file that this
    yields.
    """
    [code] = [code for language, code in blocks("docs/events/README.md") if language == "python"]
    (tmp_path / "subscriber.py").write_text(code)
    output = tmp_path / "events"
    login = {**composition.login("feed"), "PLANETSTORE_NATS_USER": "feed",
             "PLANETSTORE_NATS_PASSWORD": composition.password("feed")}
    with output.open("wb") as file:
        process = subprocess.Popen([sys.executable, tmp_path / "subscriber.py"], stdin=subprocess.DEVNULL, stdout=file,
                                   stderr=subprocess.STDOUT, env={**os.environ, **login})
    yield output
    process.kill()
    process.wait()


def test_a_subscriber(composition, subscriber):
    with closing(composition.gateway.wire()) as wire:
        wire.make_bucket("photos")
        wire.put("photos", "cat.jpg", b"cat")
        wire.request("DELETE", "/photos/cat.jpg")
    said = subscriber.read_text
    wait.until(lambda: "object.deleted" in said() or "Error" in said(), "both events")
    lines = [line.split() for line in said().splitlines()]
    assert [line[1:3] for line in lines] == [["io.planetstore.object.created.v1", "cat.jpg"],
                                             ["io.planetstore.object.deleted.v1", "cat.jpg"]], said()
