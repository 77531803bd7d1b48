"""Rate limits: by user, by address and in total; a client that sends too many is told when to retry."""

import time

import pytest
from botocore.exceptions import ClientError

from harness.clients import boto_client
from harness.server import Server
from harness.users import Users
from harness.wire import Credentials, Wire

KIB = 1 << 10


def answers(client, bucket: str, requests: int) -> list[str]:
    """The results of this many requests in a row."""
    told = []
    for _ in range(requests):
        try:
            client.head_bucket(Bucket=bucket)
            told.append("200")
        except ClientError as error:
            told.append(str(error.response["ResponseMetadata"]["HTTPStatusCode"]))
    return told


def assert_told_to_slow_down(wire: Wire, bucket: str) -> None:
    for _ in range(1_000):
        answer = wire.request("GET", f"/{bucket}", "location=")
        if answer.status == 503:
            assert answer.code == "SlowDown"
            assert 1 <= int(answer.headers["retry-after"]) <= 2, answer.headers
            assert "rate limit" in answer.text("Message")
            return
    raise AssertionError("nothing was refused")


def test_a_user_has_a_limit_that_is_nobody_elses(server, s3, bucket):
    users = Users(server)
    slow = users.create("slow", policies=["readwrite"], limits={"requests_per_second": 5})
    swift = users.create("swift", policies=["readwrite"])
    told = answers(boto_client(server, credentials=slow.credentials), bucket, 60)
    assert told[:5] == ["200"] * 5 and "503" in told
    assert set(answers(boto_client(server, credentials=swift.credentials), bucket, 60)) == {"200"}
    # The same limit covers all keys of the user.
    other_key = users.create_key("slow")
    assert "503" in answers(boto_client(server, credentials=other_key), bucket, 60)
    assert_told_to_slow_down(Wire(server.address, slow.credentials), bucket)
    # A changed limit holds at once.
    users.ask("PATCH", "/users/slow", {"limits": {}})
    assert set(answers(boto_client(server, credentials=slow.credentials), bucket, 60)) == {"200"}
    users.close()


def test_bytes_flow_at_the_rate_that_is_allowed(server, s3, bucket):
    users = Users(server)
    narrow = users.create("narrow", policies=["readwrite"], limits={"bytes_per_second": 1_024 * KIB})
    client = boto_client(server, credentials=narrow.credentials)
    # A burst of 2 MiB arrives at once, more takes its time.
    begun = time.monotonic()
    client.put_object(Bucket=bucket, Key="k", Body=b"z" * (4_096 * KIB))
    assert 1.5 < time.monotonic() - begun < 15
    begun = time.monotonic()
    assert len(client.get_object(Bucket=bucket, Key="k")["Body"].read()) == 4_096 * KIB
    assert 1.5 < time.monotonic() - begun < 15
    users.close()


@pytest.fixture
def limited(make_server):
    def make(**limits: str) -> Server:
        server = make_server(environment={f"PLANETSTORE_{name.upper()}": value for name, value in limits.items()})
        return server.start()

    return make


def test_an_address_and_the_whole_have_limits_before_anybody_is_known(limited):
    server = limited(address_requests_per_second="5", trusted_proxies="127.0.0.1")
    stranger = Wire(server.address, Credentials("NOBODYKNOWSIT", "wrong"))

    def ask(client: str) -> list[int]:
        return [stranger.request("GET", "/", headers={"x-forwarded-for": client}).status for _ in range(60)]

    assert set(ask("192.0.2.1")) == {403, 503}
    assert ask("192.0.2.2")[:5] == [403] * 5, "another client behind the same proxy"
    server.stop()


def test_who_is_no_trusted_proxy_is_not_believed(limited):
    server = limited(address_requests_per_second="5")
    wire = server.wire()
    told = [wire.request("GET", "/", headers={"x-forwarded-for": f"192.0.2.{n}"}).status for n in range(60)]
    assert set(told) == {200, 503}
    server.stop()


def test_the_gateway_has_a_limit_in_total(limited):
    server = limited(requests_per_second="30")
    server.wire().make_bucket("bucket")
    assert_told_to_slow_down(server.wire(), "bucket")
    server.stop()


def test_a_guesser_learns_no_more_and_nobody_else_notices(limited):
    server = limited(address_failures_per_second="2")
    guesser = Wire(server.address, Credentials(server.credentials.access, "wrong"))
    told = [guesser.request("GET", "/").status for _ in range(200)]
    # From time to time another response has details, possibly the last one.
    assert told[:20] == [403] * 20 and 503 in told[20:]
    assert server.wire().request("GET", "/").status == 200
    server.stop()
