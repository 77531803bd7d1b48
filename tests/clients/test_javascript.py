"""The AWS SDK for JavaScript, version 3, on Node.js: see clients/javascript/client.mjs."""

import os
import shutil
from pathlib import Path

import pytest

# Where tests/run has installed the packages; without a recent Node.js it installs none.
CLIENTS = Path(os.environ.get("PLANETSTORE_JAVASCRIPT_CLIENTS", "nowhere"))

pytestmark = [
    pytest.mark.skipif(shutil.which("node") is None, reason="there is no node"),
    pytest.mark.skipif(not (CLIENTS / "ready").exists(), reason="the SDK needs Node.js 20 or newer"),
]


@pytest.mark.parametrize("scenario", ["objects", "streams", "multipart", "presigned"])
def test_javascript(command, bucket, scenario):
    command.run("node", CLIENTS / "client.mjs", scenario, bucket)
