"""Replication in the console, in the first of two regions. See ui/tests/replication.mjs."""

import os

import pytest

from harness import wait
from harness.clients import boto_client
from harness.regions import two_regions
from harness.users import Users

pytestmark = pytest.mark.slow


def test_links_destinations_and_failures_are_seen_and_changed(make_server, modules, drive):
    first, second = two_regions(make_server)
    status, page = first.get_console("/")
    if status != 200 or b"<!doctype html>" not in page:
        pytest.skip("this binary was built without the pages of the console")
    one, other = boto_client(first), boto_client(second)
    for s3 in (one, other):
        s3.create_bucket(Bucket="here")
        s3.put_bucket_versioning(Bucket="here", VersioningConfiguration={"Status": "Enabled"})
    wait.until(lambda: Users(first).ask("GET", "/links")["links"], "the link")
    # Only its writer can decrypt it, so it is refused as soon as the bucket is compared.
    one.put_object(Bucket="here", Key="sealed.bin", Body=b"sealed", SSECustomerKey=os.urandom(32),
                   SSECustomerAlgorithm="AES256")
    drive("replication.mjs", first, region="us-west-2", bucket="here", key="sealed.bin")
