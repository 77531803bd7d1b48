"""Clients written in Rust: the AWS SDK and `object_store`. See clients/rust, a workspace of its own."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# A cold build fetches and compiles some 200 crates.
BUILD_SECONDS = 900

SCENARIOS = ["sdk-objects", "sdk-streams", "sdk-multipart", "sdk-presigned", "object-store-reads",
             "object-store-conditions", "object-store-races", "object-store-multipart"]


@pytest.fixture(scope="module")
def program() -> Path:
    """The clients, built where the other things that are built lie."""
    target = ROOT / "target/clients-rust"
    # Its profile stands in its manifest, whatever the profile of the store is set to.
    own = {name: value for name, value in os.environ.items() if not name.startswith("CARGO_PROFILE_")}
    done = subprocess.run(
        ["cargo", "build", "--locked", "--quiet", "--target-dir", target, "--manifest-path",
         ROOT / "tests/clients/rust/Cargo.toml"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False, env=own)
    assert done.returncode == 0, done.stderr
    return target / "debug/rust-clients"


@pytest.mark.timeout(BUILD_SECONDS)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_rust(program, command, bucket, scenario):
    command.run(program, scenario, bucket)
