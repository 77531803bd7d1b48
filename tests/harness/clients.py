"""Real clients for a server: boto3, and the environment that command lines need."""

import os
import subprocess
from pathlib import Path

import boto3
from botocore.config import Config

from .server import Server
from .wire import REGION, Credentials

CLIENT_SECONDS = 120


def boto_client(server: Server, *, credentials: Credentials | None = None, **config: object):
    """A boto3 client that hides nothing: one attempt, path style, SigV4. With root's credentials unless others are
    given.
    """
    credentials = credentials or server.credentials
    options = {
        "signature_version": "s3v4",
        "s3": {"addressing_style": "path"},
        "retries": {"total_max_attempts": 1},
        "max_pool_connections": 64,
        "read_timeout": 120,
        **config,
    }
    return boto3.client(
        "s3", endpoint_url=server.endpoint, region_name=REGION,
        aws_access_key_id=credentials.access, aws_secret_access_key=credentials.secret,
        config=Config(**options))


class CommandLine:
    """Runs a client program; a failure shows its output."""

    def __init__(self, server: Server, home: Path) -> None:
        self.home = home
        credentials = server.credentials
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "LC_ALL": "C.UTF-8",
            "AWS_ACCESS_KEY_ID": credentials.access,
            "AWS_SECRET_ACCESS_KEY": credentials.secret,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL": server.endpoint,
            "AWS_MAX_ATTEMPTS": "1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "RCLONE_CONFIG": str(home / "rclone.conf"),
            "RCLONE_CONFIG_PS_TYPE": "s3",
            "RCLONE_CONFIG_PS_PROVIDER": "Other",
            "RCLONE_CONFIG_PS_ENDPOINT": server.endpoint,
            "RCLONE_CONFIG_PS_REGION": REGION,
            "RCLONE_CONFIG_PS_ACCESS_KEY_ID": credentials.access,
            "RCLONE_CONFIG_PS_SECRET_ACCESS_KEY": credentials.secret,
        }
        (home / "rclone.conf").touch()
        (home / ".s3cfg").write_text(
            f"[default]\naccess_key = {credentials.access}\nsecret_key = {credentials.secret}\n"
            f"host_base = {server.address}\nhost_bucket = {server.address}\nuse_https = False\n"
            f"max_retries = 1\n")

    def run(self, *command: str | Path, expect: int | None = 0) -> str:
        """Runs a command and returns its output; its exit code must be `expect` unless that is None."""
        done = subprocess.run([str(word) for word in command], env=self.environment, cwd=self.home,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=CLIENT_SECONDS, check=False)
        said = f"{done.stdout}\n{done.stderr}"
        assert expect is None or done.returncode == expect, f"{command}: exit code {done.returncode}\n{said}"
        return done.stdout if expect == 0 else said
