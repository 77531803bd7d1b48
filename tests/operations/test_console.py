"""Health, metrics and status, for operators and their programs."""

import base64
import json
import re
import urllib.request

from harness.users import call


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


def test_guesses_by_basic_count_as_logins_of_the_client_behind_a_proxy(make_server):
    server = make_server(environment={"PLANETSTORE_TRUSTED_PROXIES": "127.0.0.1"}).start()
    name, password = server.credentials.access, server.credentials.secret

    def ask(wanted: str, client: str) -> int:
        login = base64.b64encode(f"{name}:{wanted}".encode()).decode()
        return call(server, "GET", "/status", headers={
            "authorization": f"Basic {login}", "x-forwarded-for": client}).status

    assert {ask(password, "192.0.2.1") for _ in range(150)} == {200}, "programs ask often"
    answers = [ask(f"guess-{number}", "192.0.2.1") for number in range(20)]
    assert answers[0] == 401 and answers[-1] == 429, answers
    assert ask(password, "192.0.2.1") == 429, "a right one is not told from the others"
    assert ask(password, "192.0.2.2") == 200, "others behind the proxy go on"
    told = call(server, "POST", "/login", {"user": name, "password": password},
                headers={"x-forwarded-for": "192.0.2.1"})
    assert told.status == 429, told.body
