"""Health, metrics and status: what operators and their programs see."""

import json
import re
import urllib.request


def test_health_readiness_and_metrics(server, s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    assert server.get_console("/healthz")[0] == 200
    assert server.get_console("/readyz")[0] == 200
    status, metrics = server.get_console("/metrics")
    assert status == 200
    assert re.search(rb'planetstore_s3_requests_total\{[^}]*operation="PutObject"[^}]*\} [1-9]', metrics)
    for secret in (server.credentials.secret, server.credentials.access):
        assert secret.encode() not in metrics


def test_status_as_a_command(server, s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x" * 1000)
    table = server.run("status")
    assert table.returncode == 0, table.stderr
    assert all(f"node-{number}" in table.stdout for number in range(1, 7))
    told = server.run("status", "--output", "json")
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout)


def test_status_needs_credentials(server):
    request = urllib.request.Request(f"http://{server.console}/api/v1/status")
    try:
        urllib.request.urlopen(request, timeout=10)
    except urllib.error.HTTPError as error:
        assert error.code == 401
        error.close()
    else:
        raise AssertionError("the status was told to a stranger")


def test_secrets_are_not_logged(server, s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    assert server.credentials.secret not in server.log.read_text()
