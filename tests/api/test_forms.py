"""Uploads from web pages: forms posted to a bucket, and the policies that restrict them."""

import base64
import datetime
import hashlib
import hmac
import json

import pytest
from botocore.exceptions import ClientError

from harness.checksums import ALGORITHMS, checksum, header
from harness.content import MIB
from harness.forms import BOUNDARY, multipart, post
from harness.wire import Answer, Head, Wire
from harness.world import EVERYONE, document, statement


def expiration(seconds: int = 600) -> str:
    moment = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def signed(credentials, conditions: list, fields: dict[str, str], seconds: int = 600) -> dict[str, str]:
    """The fields of a form with a policy, signed with Signature Version 2."""
    policy = json.dumps({"expiration": expiration(seconds), "conditions": conditions}).encode()
    policy = base64.b64encode(policy)
    mac = hmac.new(credentials.secret.encode(), policy, hashlib.sha1).digest()
    return {**fields, "AWSAccessKeyId": credentials.access, "policy": policy.decode(),
            "signature": base64.b64encode(mac).decode()}


def presigned(s3, bucket: str, key: str, conditions: list | None = None, **fields: str) -> dict[str, str]:
    """The fields as boto3 makes them, with Signature Version 4."""
    conditions = [{name: value} for name, value in fields.items()] + (conditions or [])
    return s3.generate_presigned_post(bucket, key, Fields=dict(fields), Conditions=conditions)["fields"]


def test_a_page_uploads_what_its_policy_allows(s3, wire, bucket):
    fields = presigned(s3, bucket, "up/${filename}", [["content-length-range", 1, 10 * MIB]], **{
        "Content-Type": "image/png", "x-amz-meta-page": "one", "Cache-Control": "no-store",
        "tagging": "<Tagging><TagSet><Tag><Key>a</Key><Value>1</Value></Tag></TagSet></Tagging>"})
    answer = post(wire, bucket, fields, b"picture", name="C:\\\\me\\\\cat ä.png")
    assert (answer.status, answer.body) == (204, b""), answer.body
    stored = s3.get_object(Bucket=bucket, Key="up/cat ä.png")
    assert stored["Body"].read() == b"picture"
    assert (stored["ContentType"], stored["CacheControl"], stored["Metadata"]) == ("image/png", "no-store", {"page": "one"})
    assert s3.get_object_tagging(Bucket=bucket, Key="up/cat ä.png")["TagSet"] == [{"Key": "a", "Value": "1"}]
    assert answer.headers["etag"] == stored["ETag"]


def test_large_files_stream(s3, wire, bucket):
    data = bytes(range(256)) * (5 * MIB // 256) + b"\r\n--almost"
    fields = presigned(s3, bucket, "large", [["content-length-range", 0, len(data)]])
    assert post(wire, bucket, fields, data).status == 204
    assert s3.get_object(Bucket=bucket, Key="large")["Body"].read() == data


def test_what_the_page_is_told(s3, wire, bucket):
    for status, body in (("200", b""), ("204", b""), ("404", b"")):
        answer = post(wire, bucket, presigned(s3, bucket, "k", success_action_status=status))
        assert (answer.status, answer.body) == (int(status) if status == "200" else 204, body)
    answer = post(wire, bucket, presigned(s3, bucket, "a b/ä", success_action_status="201"))
    told = answer.xml()
    assert (answer.status, told.tag, told.findtext("Bucket"), told.findtext("Key")) == (
        201, "PostResponse", bucket, "a b/ä")
    assert told.findtext("Location") == f"http://{wire.address}/{bucket}/a%20b/%C3%A4" == answer.headers["location"]
    assert told.findtext("ETag") == answer.headers["etag"]
    page = "https://page.example/done?x=1"
    answer = post(wire, bucket, presigned(s3, bucket, "a b", success_action_redirect=page))
    etag = answer.headers["etag"].strip('"')
    assert (answer.status, answer.body) == (303, b"")
    assert answer.headers["location"] == f"{page}&bucket={bucket}&key=a%20b&etag=%22{etag}%22"
    assert post(wire, bucket, presigned(s3, bucket, "k", success_action_redirect="javascript:alert(1)")).status == 204


@pytest.mark.parametrize("change,status,code", [
    ({"key": "elsewhere"}, 403, "AccessDenied"),
    ({"x-amz-meta-extra": "1"}, 403, "AccessDenied"),
    ({"acl": "public-read"}, 403, "AccessDenied"),
    ({"tagging": "<Tagging/>"}, 403, "AccessDenied"),
    ({"Content-Type": "text/html"}, 403, "AccessDenied"),
    ({"Content-Type": None}, 403, "AccessDenied"),
    ({"x-amz-signature": "0" * 64}, 403, "SignatureDoesNotMatch"),
    ({"x-amz-signature": None}, 400, "InvalidArgument"),
    ({"policy": None}, 400, "InvalidArgument"),
    ({"policy": "e30="}, 403, "SignatureDoesNotMatch"),
    ({"key": None}, 400, "UserKeyMustBeSpecified"),
    ({"x-amz-credential": "nobody/20300101/us-east-1/s3/aws4_request"}, 400, "InvalidArgument"),
    ({"x-ignore-this": "1"}, 204, None),
])
def test_every_condition_is_held_against_the_form(s3, wire, bucket, change, status, code):
    fields = presigned(s3, bucket, "up/k", [["starts-with", "$Content-Type", "image/"]])
    fields |= {"Content-Type": "image/png"}
    fields = {name: value for name, value in (fields | change).items() if value is not None}
    answer = post(wire, bucket, fields)
    assert answer.status == status, answer.body
    if code:
        assert answer.code == code
        assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


def test_a_file_has_the_length_it_may_have(s3, wire, bucket):
    fields = presigned(s3, bucket, "k", [["content-length-range", 3, 2 * MIB]])
    for size, status, code in ((2, 400, "EntityTooSmall"), (2 * MIB + 1, 400, "EntityTooLarge"), (3, 204, None)):
        answer = post(wire, bucket, fields, b"x" * size)
        assert (answer.status, answer.code if code else None) == (status, code), answer.body
    assert s3.head_object(Bucket=bucket, Key="k")["ContentLength"] == 3


def test_policies_expire_and_are_for_one_bucket(s3, wire, server, bucket):
    conditions = [{"bucket": bucket}, ["starts-with", "$key", ""]]
    fields = {"key": "k"}
    assert post(wire, bucket, signed(wire.credentials, conditions, fields)).status == 204
    expired = post(wire, bucket, signed(wire.credentials, conditions, fields, seconds=-5))
    assert (expired.status, expired.code) == (403, "AccessDenied") and b"expired" in expired.body
    s3.create_bucket(Bucket=f"{bucket}-other")
    assert post(wire, f"{bucket}-other", signed(wire.credentials, conditions, fields)).status == 403
    assert post(wire, bucket, signed(wire.credentials, conditions[1:], fields)).status == 403, "the bucket is not named"
    assert post(wire, bucket, signed(wire.credentials, [{}], fields)).status == 400


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_checksums_are_verified(s3, wire, bucket, algorithm):
    name, sum_of = header(algorithm), checksum(algorithm, b"x")
    fields = presigned(s3, bucket, "k")
    wrong = post(wire, bucket, fields | {name: sum_of}, b"y")
    assert (wrong.status, wrong.code) == (400, "BadDigest")
    malformed = post(wire, bucket, fields | {name: "AAAA"})
    assert (malformed.status, malformed.code) == (400, "InvalidRequest")
    assert post(wire, bucket, fields | {name: sum_of}).status == 204
    assert s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")[f"Checksum{algorithm}"] == sum_of


def test_checksums_of_no_algorithm_or_of_two_are_refused(s3, wire, bucket):
    fields = presigned(s3, bucket, "k")
    both = {header(algorithm): checksum(algorithm, b"x") for algorithm in ("CRC32", "XXHASH3")}
    for more in ({"x-amz-checksum-sha3": "AAAA"}, both):
        answer = post(wire, bucket, fields | more)
        assert (answer.status, answer.code) == (400, "InvalidRequest"), answer.body
    assert wire.get(bucket, "k").status == 404


def test_forms_that_cannot_be_read_store_nothing(s3, wire, bucket):
    fields = presigned(s3, bucket, "k")
    for answer, code in [
        (post(wire, bucket, fields, None), "InvalidArgument"),
        (post(wire, bucket, fields | {"x-ignore-much": "v" * 30_000}), "MaxPostPreDataLengthExceededError"),
        (post(wire, bucket, {**{f"x-ignore-{n}": "" for n in range(101)}, **fields}),
         "MaxPostPreDataLengthExceededError"),
        (post(wire, bucket, {**fields, "KEY": "other"}), "InvalidArgument"),
        (post(wire, bucket, {**fields, "x-amz-copy-source": "/b/k"}), "AccessDenied"),
    ]:
        assert (answer.status // 100, answer.code) == (4, code), answer.body
    body = multipart(fields, b"x" * 100)
    for cut, boundary, code in ((body[:-40], BOUNDARY, "MalformedPOSTRequest"), (body, "another", "MalformedPOSTRequest")):
        head = Head("POST", f"/{bucket}", "", {
            "host": wire.address, "content-type": f"multipart/form-data; boundary={boundary}",
            "content-length": str(len(cut))})
        assert wire.exchange([head.to_bytes(), cut], "POST").code == code
    head = Head("POST", f"/{bucket}", "", {"host": wire.address, "content-length": "1"})
    assert wire.exchange([head.to_bytes(), b"x"], "POST").status == 412
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


def test_what_follows_the_file_means_nothing(s3, wire, bucket):
    late = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="x-amz-meta-late"\r\n\r\n1\r\n'.encode()
    assert post(wire, bucket, presigned(s3, bucket, "k"), more=late).status == 204
    assert s3.head_object(Bucket=bucket, Key="k")["Metadata"] == {}


# Rights


def test_the_signer_needs_the_right(world, server, refused):
    bucket = world.bucket()
    wire = Wire(server.address, world.people["other account"].credentials)
    fields = presigned(world["other account"], bucket, "k")
    answer = post(wire, bucket, fields)
    assert (answer.status, answer.code) == (403, "AccessDenied")
    world.grant(bucket, ["s3:PutObject"])
    assert post(wire, bucket, fields).status == 204
    tags = {"tagging": "<Tagging><TagSet><Tag><Key>a</Key><Value>1</Value></Tag></TagSet></Tagging>"}
    tagged = presigned(world["other account"], bucket, "k", **tags)
    assert post(wire, bucket, tagged).status == 403
    world.grant(bucket, ["s3:PutObject", "s3:PutObjectTagging"])
    assert post(wire, bucket, tagged).status == 204
    wire.close()


def test_anybody_may_post_where_a_policy_says_so(world, server):
    bucket = world.bucket()
    wire = Wire(server.address, world.people["owner"].credentials)
    assert post(wire, bucket, {"key": "open/k"}).status == 403
    world["owner"].put_bucket_policy(Bucket=bucket, Policy=document(
        statement("Allow", "s3:PutObject", bucket, "open/*", Principal="*",
                  Condition={"Null": {"s3:authType": "true"}})))
    assert post(wire, bucket, {"key": "open/k"}).status == 204
    assert post(wire, bucket, {"key": "closed"}).status == 403
    assert world["owner"].get_object(Bucket=bucket, Key="open/k")["Body"].read() == b"x"
    wire.close()


def test_policies_see_that_it_is_a_form(world, server):
    bucket = world.bucket()
    owner = world["owner"]
    owner.put_bucket_policy(Bucket=bucket, Policy=document(
        statement("Deny", "s3:PutObject", bucket, Principal="*",
                  Condition={"StringNotEquals": {"s3:authType": "POST"}}),
        statement("Deny", "s3:PutObject", bucket, Principal="*", Condition={"StringEquals": {"s3:signatureversion": "AWS"}})))
    with pytest.raises(ClientError):
        owner.put_object(Bucket=bucket, Key="k", Body=b"x")
    wire = Wire(server.address, world.people["owner"].credentials)
    assert post(wire, bucket, presigned(owner, bucket, "k")).status == 204
    conditions = [{"bucket": bucket}, {"key": "k"}]
    old = post(wire, bucket, signed(world.people["owner"].credentials, conditions, {"key": "k"}))
    assert (old.status, old.code) == (403, "AccessDenied"), "who does not want Version 2 can deny it"
    wire.close()


def test_a_list_grants_posts_too(world, server):
    bucket = world.bucket(ObjectOwnership="ObjectWriter")
    world["owner"].put_bucket_acl(Bucket=bucket, GrantWrite=f'uri="{EVERYONE}"',
                                  GrantFullControl=f'id="{world.people["owner"].id}"')
    wire = Wire(server.address, world.people["owner"].credentials)
    assert post(wire, bucket, {"key": "k"}).status == 204
    wire.close()


def test_quotas_hold(world, s3, wire, bucket):
    world.users.ask("PUT", f"/buckets/{bucket}/quota", {"objects": 1})
    assert post(wire, bucket, presigned(s3, bucket, "one")).status == 204
    answer = post(wire, bucket, presigned(s3, bucket, "two"))
    assert (answer.status, answer.code) == (403, "QuotaExceeded")


def test_a_quota_holds_while_the_file_comes(world, s3, wire, bucket):
    """A file that does not fit the quota is refused where the quota ends, not at the end of the file."""
    world.users.ask("PUT", f"/buckets/{bucket}/quota", {"bytes": 2 * MIB})

    def begin(key: str, sent: int, size: int = 64 * MIB) -> Answer:
        body = multipart(presigned(s3, bucket, key), b"x" * sent)
        head = Head("POST", f"/{bucket}", "", {
            "host": wire.address, "content-type": f"multipart/form-data; boundary={BOUNDARY}",
            "content-length": str(len(body) - sent + size)})
        return wire.exchange([head.to_bytes(), body[:-len(f"\r\n--{BOUNDARY}--\r\n")] if size > sent else body], "POST")

    answer = begin("k", 2 * MIB + 100_000)
    assert (answer.status, answer.code) == (403, "QuotaExceeded")
    assert begin("k", 2 * MIB - 10, 2 * MIB - 10).status == 204
    assert begin("k", 2 * MIB, 2 * MIB).status == 204, "what is replaced makes room"
    answer = begin("other", 100_000)
    assert (answer.status, answer.code) == (403, "QuotaExceeded")
    world.users.ask("PUT", f"/buckets/{bucket}/quota", {"bytes": None})


def test_a_form_is_signed_in_its_fields(s3, wire, bucket):
    body = multipart({"key": "k"}, b"x")
    answer = wire.request("POST", f"/{bucket}", headers={
        "content-type": f"multipart/form-data; boundary={BOUNDARY}"}, body=body)
    assert (answer.status, answer.code) == (400, "InvalidArgument")
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)
