"""An S3 store of others, in this process."""

from collections.abc import Iterator
from contextlib import contextmanager

import boto3
from botocore.config import Config
from moto.server import ThreadedMotoServer

ACCESS, SECRET = "OLDSTOREKEY", "the-secret-of-the-old-store"


@contextmanager
def running() -> Iterator[tuple[str, object]]:
    """Its address, and a client of it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        endpoint = f"http://{host}:{port}"
        config = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1})
        yield endpoint, boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id=ACCESS,
                                     aws_secret_access_key=SECRET, config=config)
    finally:
        server.stop()
