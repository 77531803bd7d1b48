"""CORS: the headers that browsers get with preflight and other responses."""

import pytest

from harness.wire import Answer, Head, Wire, object_path

ORIGIN = "https://app.example"
RULES = [
    {"ID": "app", "AllowedOrigins": ["https://*.example"], "AllowedMethods": ["GET", "PUT"],
     "AllowedHeaders": ["x-amz-*", "content-type"], "ExposeHeaders": ["ETag"], "MaxAgeSeconds": 600},
    {"AllowedOrigins": ["*"], "AllowedMethods": ["HEAD"]},
]
VARY = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"


@pytest.fixture
def shared(s3, bucket) -> str:
    """A bucket with rules, and an object in it."""
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": RULES})
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    return bucket


def told(answer) -> dict[str, str]:
    """The CORS headers of a response."""
    return {name: value for name, value in answer.headers.items() if name.startswith("access-control-")}


def unsigned(wire: Wire, method: str, path: str, query: str = "", headers: dict[str, str] | None = None,
             body: bytes = b"") -> Answer:
    """The response to an unsigned request."""
    head = Head(method, path, query, {"host": wire.address, "content-length": str(len(body)), **(headers or {})})
    return wire.exchange([head.to_bytes(), body], method)


def preflight(wire: Wire, path: str, **headers: str) -> Answer:
    return unsigned(wire, "OPTIONS", path, headers={name.replace("_", "-"): text for name, text in headers.items()})


def test_rules_are_set_read_and_taken_away(s3, bucket, refused):
    refused("NoSuchCORSConfiguration", 404, s3.get_bucket_cors, Bucket=bucket)
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": RULES})
    assert s3.get_bucket_cors(Bucket=bucket)["CORSRules"] == RULES
    refused("InvalidRequest", 400, s3.put_bucket_cors, Bucket=bucket, CORSConfiguration={
        "CORSRules": [{"AllowedOrigins": ["*"], "AllowedMethods": ["PATCH"]}]})
    refused("InvalidRequest", 400, s3.put_bucket_cors, Bucket=bucket, CORSConfiguration={"CORSRules": RULES * 51})
    assert s3.get_bucket_cors(Bucket=bucket)["CORSRules"] == RULES
    assert s3.delete_bucket_cors(Bucket=bucket)["ResponseMetadata"]["HTTPStatusCode"] == 204
    refused("NoSuchCORSConfiguration", 404, s3.get_bucket_cors, Bucket=bucket)


def test_a_preflight_needs_no_signature(wire, shared):
    asks = {"origin": ORIGIN, "access_control_request_method": "PUT",
            "access_control_request_headers": "X-Amz-Date, Content-Type"}
    for path in (f"/{shared}", object_path(shared, "k"), object_path(shared, "absent")):
        answer = preflight(wire, path, **asks)
        assert (answer.status, answer.body) == (200, b"")
        assert told(answer) == {
            "access-control-allow-origin": ORIGIN, "access-control-allow-methods": "GET, PUT",
            "access-control-allow-headers": "x-amz-date, content-type", "access-control-allow-credentials": "true",
            "access-control-expose-headers": "ETag", "access-control-max-age": "600"}
        assert answer.headers["vary"] == VARY
    answer = preflight(wire, f"/{shared}", origin="null", access_control_request_method="HEAD")
    assert told(answer) == {"access-control-allow-origin": "*", "access-control-allow-methods": "HEAD"}


@pytest.mark.parametrize("asks", [
    {"origin": "https://elsewhere", "access_control_request_method": "PUT"},
    {"origin": ORIGIN, "access_control_request_method": "DELETE"},
    {"origin": ORIGIN, "access_control_request_method": "POST"},
    {"origin": ORIGIN, "access_control_request_method": "PUT", "access_control_request_headers": "authorization"},
])
def test_what_no_rule_allows_is_refused(wire, shared, asks):
    answer = preflight(wire, object_path(shared, "k"), **asks)
    assert (answer.status, answer.code, told(answer)) == (403, "AccessForbidden", {})


def test_preflights_are_counted_by_their_name(server, wire, shared):
    def counted() -> dict[str, float]:
        lines = server.get_console("/metrics")[1].decode().splitlines()
        rows = [line.rsplit(" ", 1) for line in lines if line.startswith("planetstore_s3_requests_total{")]
        totals: dict[str, float] = {}
        for row, count in rows:
            name = row.split('operation="')[1].split('"')[0]
            totals[name] = totals.get(name, 0) + float(count)
        return totals

    before = counted()
    preflight(wire, f"/{shared}", origin=ORIGIN, access_control_request_method="GET")
    preflight(wire, f"/{shared}")
    after = counted()
    assert after["Preflight"] - before.get("Preflight", 0) == 2
    assert after.get("unrouted") == before.get("unrouted")


def test_a_preflight_says_what_it_wants(wire, shared):
    for asks in ({}, {"origin": ORIGIN}, {"access_control_request_method": "GET"}):
        answer = preflight(wire, f"/{shared}", **asks)
        assert (answer.status, answer.code, told(answer)) == (400, "BadRequest", {})


def test_a_preflight_tells_no_more_of_a_bucket_than_that_it_is_there(wire, bucket):
    """Any request does so, as in S3."""
    asks = {"origin": ORIGIN, "access_control_request_method": "GET"}
    answers = [preflight(wire, path, **asks) for path in (f"/{bucket}", "/not-there-at-all", "/", "/UPPER/k")]
    seen = {(answer.status, answer.code, answer.headers.get("vary")) for answer in answers}
    assert seen == {(403, "AccessForbidden", None)}
    assert [unsigned(wire, "GET", path).status for path in (f"/{bucket}", "/not-there-at-all")] == [403, 404]


def test_answers_say_what_the_page_may_see(wire, shared):
    answer = wire.request("GET", object_path(shared, "k"), headers={"origin": ORIGIN})
    assert (answer.status, told(answer)["access-control-allow-origin"]) == (200, ORIGIN)
    assert answer.headers["vary"] == VARY
    assert told(wire.request("GET", object_path(shared, "k"))) == {}
    elsewhere = wire.request("GET", object_path(shared, "k"), headers={"origin": "https://elsewhere"})
    assert (elsewhere.status, told(elsewhere), elsewhere.headers["vary"]) == (200, {}, VARY)
    assert told(wire.request("DELETE", object_path(shared, "absent"), headers={"origin": ORIGIN})) == {}


def test_refusals_say_it_too(wire, shared):
    """A page that cannot read a refusal cannot tell its user what is wrong."""
    absent = wire.request("GET", object_path(shared, "absent"), headers={"origin": ORIGIN})
    assert (absent.status, told(absent)["access-control-allow-origin"]) == (404, ORIGIN)
    anonymous = unsigned(wire, "PUT", object_path(shared, "k"), headers={"origin": ORIGIN}, body=b"y")
    assert (anonymous.status, told(anonymous)["access-control-allow-origin"]) == (403, ORIGIN)
    query = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=no%2F20200101%2Fus-east-1%2Fs3%2Faws4_request" \
            "&X-Amz-Date=20200101T000000Z&X-Amz-Expires=1&X-Amz-SignedHeaders=host&X-Amz-Signature=00"
    expired = unsigned(wire, "PUT", object_path(shared, "k"), query, {"origin": ORIGIN}, b"y")
    assert (expired.status, told(expired)["access-control-allow-origin"]) == (403, ORIGIN)
    assert wire.get(shared, "k").body == b"x"


def test_rules_count_from_the_next_request_on(s3, wire, shared):
    asks = {"origin": "https://other", "access_control_request_method": "DELETE"}
    assert preflight(wire, f"/{shared}", **asks).status == 403
    s3.put_bucket_cors(Bucket=shared, CORSConfiguration={
        "CORSRules": [{"AllowedOrigins": ["https://other"], "AllowedMethods": ["DELETE"]}]})
    assert preflight(wire, f"/{shared}", **asks).status == 200
    s3.delete_bucket_cors(Bucket=shared)
    assert preflight(wire, f"/{shared}", **asks).status == 403
    assert "vary" not in wire.request("GET", f"/{shared}", headers={"origin": "https://other"}).headers
