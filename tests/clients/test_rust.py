"""Clients written in Rust: the AWS SDK and `object_store`. See clients/rust, a separate workspace."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# A cold build with the SDK fetches and compiles some 200 crates.
BUILD_SECONDS = 900

OBJECT_STORE = ["reads", "conditions", "races", "multipart"]
SDK = ["objects", "streams", "multipart", "presigned"]


def build(*features: str) -> Path:
    """The client program, in the folder of all build results."""
    target = ROOT / "target/clients-rust"
    # Its manifest sets the profile, whatever the profile of the store is.
    own = {name: value for name, value in os.environ.items() if not name.startswith("CARGO_PROFILE_")}
    done = subprocess.run(
        ["cargo", "build", "--locked", "--quiet", "--target-dir", target, "--features", ",".join(features),
         "--manifest-path", ROOT / "tests/clients/rust/Cargo.toml"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False, env=own)
    assert done.returncode == 0, done.stderr
    return target / "debug/rust-clients"


@pytest.fixture(scope="module")
def object_store() -> Path:
    return build()


@pytest.fixture(scope="module")
def sdk() -> Path:
    return build("sdk")


@pytest.mark.timeout(BUILD_SECONDS)
@pytest.mark.parametrize("scenario", OBJECT_STORE)
def test_object_store(object_store, command, bucket, scenario):
    command.run(object_store, f"object-store-{scenario}", bucket)


@pytest.mark.long
@pytest.mark.timeout(BUILD_SECONDS)
@pytest.mark.parametrize("scenario", SDK)
def test_sdk(sdk, command, bucket, scenario):
    command.run(sdk, f"sdk-{scenario}", bucket)
