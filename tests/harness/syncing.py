"""`planetstore sync` between stores, as a person runs it: each store by a context."""

import json
import os
import subprocess
from pathlib import Path

from .server import BINARY, Server

SECONDS = 240


class Syncing:
    """The command line of somebody with a home folder of their own, which has contexts and the state of syncs."""

    def __init__(self, home: Path) -> None:
        self.home = home
        home.mkdir(parents=True, exist_ok=True)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PLANETSTORE_"))}
        self.environment = {**kept, "HOME": str(home)}
        for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME"):
            self.environment.pop(name, None)

    def add(self, name: str, endpoint: str, access: str, secret: str) -> None:
        """Adds a context, and uses it."""
        keys = {"AWS_ACCESS_KEY_ID": access, "AWS_SECRET_ACCESS_KEY": secret}
        self.run("context", "set", name, "--endpoint", endpoint, more=keys)

    def add_server(self, name: str, server: Server) -> None:
        self.add(name, server.endpoint, server.credentials.access, server.credentials.secret)

    def run(self, *words: str | Path, code: int = 0, more: dict[str, str] | None = None) -> subprocess.CompletedProcess:
        """Runs a command; its exit code must be `code`."""
        done = subprocess.run([BINARY, *map(str, words)], env={**self.environment, **(more or {})}, cwd=self.home,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False)
        assert done.returncode == code, f"{words}: exit code {done.returncode}\n{done.stdout!r}\n{done.stderr!r}"
        return done

    def spawn(self, *words: str | Path) -> subprocess.Popen:
        """Starts a command."""
        return subprocess.Popen([BINARY, *map(str, words)], env=self.environment, cwd=self.home,
                                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def sync(self, *words: str | Path, code: int = 0) -> tuple[list[dict], dict]:
        """Runs a sync; returns its rows and its summary."""
        done = self.run("sync", *words, "-o", "ndjson", code=code)
        *rows, summary = [json.loads(line) for line in done.stdout.splitlines()]
        assert summary.pop("action") == "summary"
        return rows, summary


def histories(s3, bucket: str) -> dict[str, list[tuple]]:
    """What each key has had, the oldest first: entity tag and size, or nothing for a delete marker."""
    told: dict[str, list[tuple]] = {}
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket)
    for page in pages:
        entries = [(one["Key"], one["LastModified"], not one["IsLatest"], (one["ETag"], one["Size"]))
                   for one in page.get("Versions", [])]
        entries += [(one["Key"], one["LastModified"], not one["IsLatest"], None)
                    for one in page.get("DeleteMarkers", [])]
        # boto3 has delete markers in a list of their own.
        entries.sort(key=lambda entry: (entry[0], entry[2], -entry[1].timestamp()))
        for key, _, _, what in entries:
            told.setdefault(key, []).insert(0, what)
    return told
