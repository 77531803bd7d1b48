"""Signature Version 2 is not supported: the refusal says how to sign instead. boto3 still presigns with it."""

import base64
import hashlib
import hmac
import urllib.error
import urllib.request
from email.utils import formatdate

import boto3
import pytest
from botocore.config import Config

from harness.clients import boto_client

ADVICE = "signature_version='s3v4'"


@pytest.mark.parametrize("config", [None, Config(signature_version="s3")])
@pytest.mark.parametrize("method", ["get_object", "put_object"])
def test_a_presigned_url_of_boto3_as_it_comes(server, s3, bucket, config, method):
    s3.put_object(Bucket=bucket, Key="k", Body=b"kept")
    client = boto3.client(
        "s3", endpoint_url=server.endpoint, region_name="us-east-1", config=config,
        aws_access_key_id=server.credentials.access, aws_secret_access_key=server.credentials.secret)
    url = client.generate_presigned_url(method, {"Bucket": bucket, "Key": "k"})
    assert "AWSAccessKeyId=" in url and "X-Amz-Signature" not in url
    asked = urllib.request.Request(url, **({"data": b"new", "method": "PUT"} if method == "put_object" else {}))
    with pytest.raises(urllib.error.HTTPError) as refusal:
        urllib.request.urlopen(asked, timeout=10)
    said = refusal.value.read().decode().replace("&apos;", "'")
    assert refusal.value.code == 400 and "<Code>InvalidRequest</Code>" in said and ADVICE in said
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"kept"


def test_the_advice_is_right(server, s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"kept")
    url = boto_client(server, signature_version="s3v4").generate_presigned_url("get_object", {"Bucket": bucket, "Key": "k"})
    with urllib.request.urlopen(url, timeout=10) as answer:
        assert answer.read() == b"kept"


def test_a_signature_in_the_header(server, wire, bucket):
    """A correct signature, so that only its version is wrong."""
    date = formatdate(usegmt=True)
    text = f"GET\n\n\n{date}\n/{bucket}/".encode()
    signature = base64.b64encode(hmac.digest(server.credentials.secret.encode(), text, hashlib.sha1)).decode()
    asked = urllib.request.Request(f"{server.endpoint}/{bucket}/", headers={
        "Date": date, "Authorization": f"AWS {server.credentials.access}:{signature}"})
    with pytest.raises(urllib.error.HTTPError) as refusal:
        urllib.request.urlopen(asked, timeout=10)
    said = refusal.value.read().decode().replace("&apos;", "'")
    assert refusal.value.code == 400 and ADVICE in said
