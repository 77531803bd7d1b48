"""What the README shows for clients works as it stands there, pasted in its order into one folder."""

import os
import re
from pathlib import Path

from harness.clients import CommandLine, boto_client
from harness.server import BINARY

README = Path(__file__).parents[1] / "README.md"
JAVASCRIPT = Path(os.environ.get("PLANETSTORE_JAVASCRIPT_CLIENTS", "nowhere"))

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

# DuckDB fetches its extension for HTTP when it first meets a URL; here it comes as a package.
PREPARED = """
import duckdb, duckdb_extension_httpfs, importlib.resources
duckdb.load_extension(str(importlib.resources.files(duckdb_extension_httpfs)
    / f"extensions/v{duckdb.__version__}/httpfs.duckdb_extension"))
"""


def blocks(heading: str) -> list[tuple[str, str]]:
    """The code below a heading, with its language."""
    found = re.search(rf"^## {heading}\n(.*?)^## ", README.read_text(), re.MULTILINE | re.DOTALL)
    assert found, f"the README has no section {heading}"
    return BLOCK.findall(found[1])


def test_clients_as_the_readme_shows_them(server, command, s3, tmp_path):
    # What the section before has made and set.
    s3.create_bucket(Bucket="first")
    command.environment["RCLONE_CONFIG_PS_ENV_AUTH"] = "true"
    shown = blocks("Clients")
    assert [language for language, _ in shown].count("sh") >= 3
    said = ""
    for number, (language, code) in enumerate(shown):
        if language == "sh":
            said += command.run("sh", "-euc", code)
        elif language == "python":
            (tmp_path / "pasted.py").write_text((PREPARED if "duckdb" in code else "") + code)
            said += command.run("python", "pasted.py")
        elif (JAVASCRIPT / "ready").exists():
            # Modules are looked for beside the file.
            file = tmp_path / f"pasted-{number}.mjs"
            file.write_text(code)
            (tmp_path / "node_modules").symlink_to(JAVASCRIPT / "node_modules")
            said += command.run("node", file)
    keys = {entry["Key"] for entry in s3.list_objects_v2(Bucket="first")["Contents"]}
    assert {"hello.txt", "tree/now", "from-python", "table.parquet"} <= keys
    assert "hello\n" in said and "X-Amz-Signature=" in said and said.count("499500") == 2, said
    assert (tmp_path / "restored").is_dir()


def pasted(heading: str) -> str:
    """The shell blocks of a section as one script. A line that is to be refused says so, and must be."""
    script = "\n".join(code for language, code in blocks(heading) if language == "sh" and not code.startswith("make "))
    return re.sub(r"^(.+?) +# AccessDenied$", r"\1 2>refused && exit 9; grep -q AccessDenied refused", script,
                  flags=re.MULTILINE)


def test_a_first_day_as_the_readme_shows_it(make_server, tmp_path):
    server = make_server().start()
    folder = tmp_path / "checkout"
    (folder / "target").mkdir(parents=True)
    (folder / "target/release").symlink_to(BINARY.parent)
    (folder / "planetstore-data").symlink_to(server.data)
    keys = f"PLANETSTORE_ROOT_USER={server.credentials.access}\nPLANETSTORE_ROOT_PASSWORD={server.credentials.secret}\n"
    (server.data / "credentials").write_text(keys)
    command = CommandLine(server, tmp_path)
    # Everything is to come from what is pasted, in one shell, as at a desk.
    kept = {name: command.environment[name] for name in ("PATH", "HOME", "LC_ALL", "RCLONE_CONFIG")}
    command.environment = {**kept, "AWS_MAX_ATTEMPTS": "1", "AWS_EC2_METADATA_DISABLED": "true"}
    script = "\n".join(map(pasted, ("Start", "What works", "Users, policies and limits", "Encryption at rest")))
    assert script.count("planetstore admin") > 15 and script.count("exit 9") == 1
    script = script.replace("127.0.0.1:9000", server.address).replace("127.0.0.1:9001", server.console)
    said = command.run("sh", "-euc", f"cd {folder}\n{script}")
    for expected in ("first", "photo-readers", "team/photos", "root", "ada"):
        assert expected in said, said
    listed = [entry["Key"] for entry in boto_client(server).list_objects_v2(Bucket="first")["Contents"]]
    assert listed == ["final", "log", "now"]
