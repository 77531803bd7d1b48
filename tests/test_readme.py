"""What the README shows for clients works as it stands there, pasted in its order into one folder."""

import os
import re
from pathlib import Path

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
