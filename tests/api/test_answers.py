"""The contents of responses besides the data: fields that S3 always sends, their spelling, and the details of errors.
"""

import re

import pytest

from harness.clients import boto_client
from harness.wire import Answer, Head, Wire, encode, object_path, presigned
from harness.world import document, statement

CUSTOMER = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "k" * 32}
OF_SOURCE = {f"CopySource{name}": value for name, value in CUSTOMER.items()}
SSE_S3 = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
CONTROLS = [b"a\x01", b"a\x02", b"a\x00", b"a\x1f", "a\ufffe".encode(), "a\uffff".encode()]


def details(answer: Answer) -> dict[str, str]:
    """The elements of an error document, without those that all have."""
    document = answer.xml()
    assert document.tag == "Error" and answer.headers["content-type"] == "application/xml", answer.body
    said = {element.tag: element.text or "" for element in document}
    assert said.pop("RequestId") == answer.headers["x-amz-request-id"]
    assert said.pop("HostId") == answer.headers["x-amz-id-2"]
    assert said.pop("Message") and said.pop("Resource")
    return said


# Pages


def test_pages_of_parts_name_their_last_part(wire, s3, bucket):
    place = {"Bucket": bucket, "Key": "k"}
    upload = s3.create_multipart_upload(**place, ChecksumAlgorithm="CRC32")["UploadId"]
    path, query = object_path(bucket, "k"), f"uploadId={upload}"

    def page(more: str = "") -> dict[str, str]:
        answer = wire.request("GET", path, query + more)
        names = ("PartNumberMarker", "NextPartNumberMarker", "MaxParts", "IsTruncated")
        return dict(zip(names, map(answer.text, names), strict=True))

    def says(marker: int, following: int, most: int, truncated: str) -> dict[str, str]:
        return {"PartNumberMarker": str(marker), "NextPartNumberMarker": str(following), "MaxParts": str(most),
                "IsTruncated": truncated}

    assert page() == says(0, 0, 1000, "false")
    parts = [{"PartNumber": number, **s3.upload_part(**place, UploadId=upload, PartNumber=number, Body=body)}
             for number, body in ((1, b"1" * (5 << 20)), (4, b"4"))]
    assert page() == says(0, 4, 1000, "false")
    assert page("&max-parts=1") == says(0, 1, 1, "true")
    assert page("&max-parts=1&part-number-marker=1") == says(1, 4, 1, "false")
    assert page("&part-number-marker=10") == says(10, 0, 1000, "false")

    told = [{name: part[name] for name in ("PartNumber", "ETag", "ChecksumCRC32")} for part in parts]
    s3.complete_multipart_upload(**place, UploadId=upload, MultipartUpload={"Parts": told[:1]})
    shown = s3.get_object_attributes(**place, ObjectAttributes=["ObjectParts"])["ObjectParts"]
    assert (shown["NextPartNumberMarker"], shown["IsTruncated"], shown["MaxParts"]) == (1, False, 1000)
    shown = s3.get_object_attributes(**place, ObjectAttributes=["ObjectParts"], PartNumberMarker=7)["ObjectParts"]
    assert (shown["PartNumberMarker"], shown["NextPartNumberMarker"]) == (7, 0)


def test_pages_of_uploads_name_their_last_upload(wire, s3, bucket):
    def page(query: str = "") -> list[str]:
        answer = wire.request("GET", f"/{bucket}", f"uploads{query}")
        names = {element.tag for element in answer.xml()}
        assert {"KeyMarker", "UploadIdMarker", "NextKeyMarker", "NextUploadIdMarker"} <= names
        return [answer.text(name) for name in ("NextKeyMarker", "NextUploadIdMarker", "IsTruncated")]

    assert page() == ["", "", "false"]
    first, second = (s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"] for key in ("a/b", "c"))
    assert page() == ["c", second, "false"]
    assert page("&max-uploads=1") == ["a/b", first, "true"]
    assert page("&delimiter=%2F&prefix=a") == ["", "", "false"]
    assert page("&delimiter=%2F&max-uploads=1") == ["a/", "", "true"]
    assert page(f"&key-marker=a%2Fb&upload-id-marker={first}") == ["c", second, "false"]


def test_a_marker_that_is_no_upload_id_is_refused(wire, s3, bucket):
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    answer = wire.request("GET", f"/{bucket}", "uploads&key-marker=k&upload-id-marker=none")
    assert (answer.status, details(answer)) == (400, {
        "Code": "InvalidArgument", "ArgumentName": "upload-id-marker", "ArgumentValue": "none"})
    # Without a key it is ignored, and a marker of an upload that has ended keeps its position.
    assert wire.request("GET", f"/{bucket}", "uploads&upload-id-marker=none").texts("Upload/UploadId") == [upload]
    s3.abort_multipart_upload(Bucket=bucket, Key="k", UploadId=upload)
    assert wire.request("GET", f"/{bucket}", f"uploads&key-marker=k&upload-id-marker={upload}").status == 200


def test_listed_buckets_have_a_region_if_anything_is_asked(wire, bucket):
    def listed(query: str) -> set[str]:
        document = wire.request("GET", "/", query).xml()
        entry = next(entry for entry in document.iter("Bucket") if entry.findtext("Name") == bucket)
        return {element.tag for element in entry}

    assert listed("") == {"Name", "CreationDate"}
    for query in (f"prefix={bucket}", "max-buckets=10000", "bucket-region=us-east-1"):
        assert listed(query) == {"Name", "CreationDate", "BucketRegion", "BucketArn"}, query
    answer = wire.request("GET", "/", f"prefix={bucket}")
    assert answer.text("Buckets/Bucket/BucketArn") == f"arn:aws:s3:::{bucket}"
    for most in ("0", "10001", "-1", "x", "99999999999"):
        answer = wire.request("GET", "/", f"max-buckets={most}")
        assert (answer.status, details(answer)) == (400, {
            "Code": "InvalidArgument", "ArgumentName": "max-buckets", "ArgumentValue": most})


@pytest.mark.parametrize("query", ["", "list-type=2", "versions"])
def test_keys_that_xml_cannot_hold_are_told_apart(wire, bucket, query):
    for key in CONTROLS:
        assert wire.put(bucket, key, key).status == 200
    body = wire.request("GET", f"/{bucket}", query).body.decode()
    listed = re.findall(r"<Key>(.*?)</Key>", body)
    assert listed == ["a&#x0;", "a&#x1;", "a&#x2;", "a&#x1f;", "a&#xfffe;", "a&#xffff;"]
    prefix = encode(CONTROLS[0])
    body = wire.request("GET", f"/{bucket}", f"{query}&prefix={prefix}").body.decode()
    assert re.findall(r"<(?:Key|Prefix)>(.*?)</", body) == ["a&#x1;", "a&#x1;"]


# Headers


def test_buckets_are_answered_with_their_names(wire, bucket):
    made = wire.request("PUT", f"/{bucket}-made")
    arn = f"arn:aws:s3:::{bucket}-made"
    assert (made.status, made.headers["location"], made.headers["x-amz-bucket-arn"]) == (200, f"/{bucket}-made", arn)
    head = wire.request("HEAD", f"/{bucket}-made")
    told = {name: head.headers[name] for name in (
        "x-amz-bucket-region", "x-amz-bucket-arn", "x-amz-access-point-alias", "content-type")}
    assert told == {"x-amz-bucket-region": "us-east-1", "x-amz-bucket-arn": arn, "x-amz-access-point-alias": "false",
                    "content-type": "application/xml"}


@pytest.mark.parametrize("method, query, of_key", [
    ("GET", "", None), ("HEAD", "", None), ("GET", "acl", 404), ("PUT", "acl", 405), ("GET", "tagging", 405),
    ("PUT", "tagging", 405), ("DELETE", "tagging", 405), ("GET", "attributes", 404)])
def test_delete_markers_say_what_they_allow(wire, s3, versioned, method, query, of_key):
    s3.put_object(Bucket=versioned, Key="k", Body=b"x")
    marker = s3.delete_object(Bucket=versioned, Key="k")["VersionId"]
    body = b"<Tagging><TagSet/></Tagging>" if (method, query) == ("PUT", "tagging") else b""
    headers = {"x-amz-acl": "private"} if query == "acl" else {"x-amz-object-attributes": "ETag"}

    def ask(more: str) -> Answer:
        return wire.request(method, object_path(versioned, "k"), f"{query}{more}", body=body, headers=headers)

    answer = ask(f"&versionId={marker}")
    assert (answer.status, answer.headers["allow"]) == (405, "DELETE")
    assert answer.headers["x-amz-delete-marker"] == "true" and answer.headers["x-amz-version-id"] == marker
    assert answer.headers["last-modified"]
    if method != "HEAD":
        assert details(answer) == {"Code": "MethodNotAllowed", "Method": method, "ResourceType": "DeleteMarker"}
    answer = ask("")
    assert answer.status == (of_key or 404)
    assert answer.headers["allow"] == ("DELETE" if of_key == 405 else None)
    assert answer.headers["x-amz-delete-marker"] == "true" and answer.headers["x-amz-version-id"] == marker


def test_a_delete_marker_is_told_to_nobody_who_may_not_list(world, refused):
    bucket = world.bucket()
    owner = world["owner"]
    owner.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    owner.delete_object(Bucket=bucket, Key="hidden")
    world.grant(bucket, ["s3:GetObjectTagging"])
    for key in ("hidden", "absent"):
        refused("AccessDenied", 403, world["other account"].get_object_tagging, Bucket=bucket, Key=key)
    refused("MethodNotAllowed", 405, owner.get_object_tagging, Bucket=bucket, Key="hidden")


# Ranges


@pytest.mark.parametrize("text", [
    "bytes= -1", "bytes=- 1", "bytes=0 -1", "bytes= 0-1", "bytes=0- 1", "bytes =0-1", "bytes=--1", "bytes=0--1",
    "bytes=,", "bytes=abc", "bytes=1-0", "bytes=0-0,1-1", "items=0-1"])
def test_what_is_no_range_is_ignored(wire, s3, bucket, text):
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    answer = wire.get(bucket, "k", headers={"range": text})
    assert (answer.status, answer.body, answer.headers["content-range"]) == (200, b"0123456789", None)


@pytest.mark.parametrize("text, status", [
    ("bytes=-1", 200), ("bytes=-10", 200), ("bytes=-0", 416), ("bytes=0-", 416), ("bytes=0-0", 416),
    ("bytes=0 -1", 200)])
def test_ranges_of_an_empty_object(wire, s3, bucket, text, status):
    s3.put_object(Bucket=bucket, Key="k", Body=b"")
    for method in ("GET", "HEAD"):
        answer = wire.request(method, object_path(bucket, "k"), headers={"range": text})
        assert (answer.status, answer.headers["content-range"]) == (status, None), method
        if status == 200:
            assert (answer.body, answer.headers["content-length"]) == (b"", "0")
    if status == 416:
        answer = wire.get(bucket, "k", headers={"range": text})
        assert details(answer) == {"Code": "InvalidRange", "RangeRequested": text, "ActualObjectSize": "0"}


def test_a_range_of_everything_has_the_checksum(wire, s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789", ChecksumAlgorithm="CRC32")
    for text, has in (("bytes=0-99", True), ("bytes=-15", True), ("bytes=0-8", False)):
        answer = wire.get(bucket, "k", headers={"range": text, "x-amz-checksum-mode": "ENABLED"})
        assert (answer.status, answer.headers["x-amz-checksum-crc32"] is not None) == (206, has), text


# Errors


def test_errors_name_what_they_are_about(wire, s3, bucket, versioned):
    path = object_path(bucket, "k")
    wire.put(bucket, "k", b"x")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    part = "<Part><PartNumber>{}</PartNumber><ETag>x</ETag></Part>"
    unordered = f"<CompleteMultipartUpload>{part.format(2)}{part.format(1)}</CompleteMultipartUpload>".encode()
    tag = "<Tag><Key>{}</Key><Value>{}</Value></Tag>"
    tags = {name: f"<Tagging><TagSet>{''.join(tag.format(*pair) for pair in pairs)}</TagSet></Tagging>".encode()
            for name, pairs in {"twice": [("a", "1"), ("a", "2")], "value": [("a", "1,2")], "key": [("a,b", "1")]}.items()}
    region = b"<CreateBucketConfiguration><LocationConstraint>mars</LocationConstraint></CreateBucketConfiguration>"
    for expected, call in {
        ("BadDigest", "ExpectedDigest", "9dd4e461268c8034f5c8564e155c67a6", "CalculatedDigest", "QVKQdpWURg4uSFkikE80XQ=="): (
            "PUT", path, "", {"content-md5": "ndTkYSaMgDT1yFZOFVxnpg=="}, b"y"),
        ("InvalidDigest", "Content-MD5", "no"): ("PUT", path, "", {"content-md5": "no"}, b"x"),
        ("InvalidPartOrder", "UploadId", upload): ("POST", path, f"uploadId={upload}", {}, unordered),
        ("PreconditionFailed", "Condition", "If-None-Match"): ("PUT", path, "", {"if-none-match": "*"}, b"x"),
        ("PreconditionFailed", "Condition", "If-Match"): ("DELETE", path, "", {"if-match": '"no"'}, b""),
        ("InvalidTag", "TagKey", "a"): ("PUT", path, "tagging", {}, tags["twice"]),
        ("InvalidTag", "TagKey", "a", "TagValue", "1,2"): ("PUT", path, "tagging", {}, tags["value"]),
        ("InvalidTag", "TagKey", "a,b"): ("PUT", f"/{bucket}", "tagging", {}, tags["key"]),
        ("InvalidStorageClass", "StorageClassRequested", "MOON"): ("PUT", path, "", {"x-amz-storage-class": "MOON"}, b"x"),
        ("InvalidLocationConstraint", "LocationConstraint", "mars"): ("PUT", f"/{bucket}-new", "", {}, region),
        ("InvalidBucketName", "BucketName", "A"): ("PUT", "/A", "", {}, b""),
        ("NoSuchBucket", "BucketName", "not-there"): ("GET", "/not-there", "", {}, b""),
        ("NoSuchKey", "Key", "absent"): ("GET", object_path(bucket, "absent"), "", {}, b""),
        ("NoSuchUpload", "UploadId", "none"): ("GET", path, "uploadId=none", {}, b""),
        ("BucketNotEmpty", "BucketName", bucket): ("DELETE", f"/{bucket}", "", {}, b""),
        ("KeyTooLongError", "Size", "1025", "MaxSizeAllowed", "1024"): ("PUT", object_path(bucket, "k" * 1025), "", {}, b""),
        ("InvalidArgument", "ArgumentName", "x-amz-copy-source", "ArgumentValue", "b/%zz"): (
            "PUT", path, "", {"x-amz-copy-source": "b/%zz"}, b""),
    }.items():
        method, where, query, headers, body = call
        said = details(wire.request(method, where, query, headers, body))
        assert said == {"Code": expected[0], **dict(zip(expected[1::2], expected[2::2], strict=True))}


def test_who_makes_a_bucket_again_is_told_which(world):
    bucket = world.bucket()
    for role, code in (("other account", "BucketAlreadyExists"),):
        with pytest.raises(world[role].exceptions.ClientError) as caught:
            world[role].create_bucket(Bucket=bucket)
        assert caught.value.response["Error"] == {
            **caught.value.response["Error"], "Code": code, "BucketName": bucket}


def test_an_algorithm_that_is_none_is_not_one_that_is_missing(wire, bucket):
    for algorithm, status, code in (("AWS4-HMAC-SHA512", 400, "AuthorizationQueryParametersError"),
                                    ("x", 400, "AuthorizationQueryParametersError"),
                                    ("AWS4-ECDSA-P256-SHA256", 501, "NotImplemented")):
        target = presigned(wire, "GET", f"/{bucket}").replace("AWS4-HMAC-SHA256", algorithm)
        raw = f"GET {target} HTTP/1.1\r\nhost: {wire.address}\r\n\r\n".encode()
        answer = wire.exchange(raw)
        assert (answer.status, answer.code) == (status, code), algorithm


# Requests that are granted to everybody


def test_nobody_begins_an_upload_or_copies(world, refused):
    bucket = world.bucket()
    world["owner"].put_object(Bucket=bucket, Key="k", Body=b"x")
    world["owner"].put_bucket_policy(Bucket=bucket, Policy=document(
        statement("Allow", ["s3:PutObject", "s3:GetObject"], bucket, Principal="*")))
    nobody, source = world["anonymous"], {"Bucket": bucket, "Key": "k"}
    nobody.put_object(Bucket=bucket, Key="new", Body=b"x")
    refused("AccessDenied", 403, nobody.create_multipart_upload, Bucket=bucket, Key="m")
    refused("AccessDenied", 403, nobody.copy_object, Bucket=bucket, Key="copy", CopySource=source)
    upload = {"Bucket": bucket, "Key": "m",
              "UploadId": world["other account"].create_multipart_upload(Bucket=bucket, Key="m")["UploadId"]}
    refused("AccessDenied", 403, nobody.upload_part_copy, **upload, PartNumber=1, CopySource=source)
    nobody.upload_part(**upload, PartNumber=1, Body=b"x")


# Copies onto themselves


def test_a_copy_onto_itself_may_drop_the_encryption(server, bucket, refused):
    s3 = boto_client(server)
    place = {"Bucket": bucket, "Key": "k"}
    for made, read in ((CUSTOMER, OF_SOURCE), ({"ServerSideEncryption": "AES256"}, {}),
                       ({"ServerSideEncryption": "aws:kms"}, {})):
        s3.put_object(**place, Body=b"secret", Metadata={"a": "b"}, **made)
        s3.copy_object(**place, CopySource=place, **read)
        got = s3.get_object(**place)
        assert (got["Body"].read(), got["Metadata"]) == (b"secret", {"a": "b"})
        assert not {"SSECustomerAlgorithm", "ServerSideEncryption"} & set(got)
        refused("InvalidRequest", 400, s3.copy_object, **place, CopySource=place)
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=SSE_S3)
    for _ in range(2):
        s3.copy_object(**place, CopySource=place)
        assert s3.get_object(**place)["ServerSideEncryption"] == "AES256"


# Ownership of objects that others store


def test_a_bucket_made_without_a_word_shows_its_ownership(s3, bucket, refused):
    def shown() -> str:
        return s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"][0]["ObjectOwnership"]

    assert shown() == "BucketOwnerEnforced"
    s3.put_bucket_policy(Bucket=bucket, Policy=document(statement("Deny", "s3:GetObjectTorrent", bucket, Principal="*")))
    assert shown() == "BucketOwnerEnforced"
    for _ in range(2):
        s3.delete_bucket_ownership_controls(Bucket=bucket)
        refused("OwnershipControlsNotFoundError", 404, s3.get_bucket_ownership_controls, Bucket=bucket)
    # The deleted setting was the default.
    refused("AccessControlListNotSupported", 400, s3.put_bucket_acl, Bucket=bucket, ACL="public-read")
    for ownership in ("ObjectWriter", "BucketOwnerEnforced"):
        s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": ownership}]})
        assert shown() == ownership
    s3.delete_bucket_ownership_controls(Bucket=bucket)
    refused("OwnershipControlsNotFoundError", 404, s3.get_bucket_ownership_controls, Bucket=bucket)


# Preflights


def preflight(wire: Wire, path: str, **headers: str) -> Answer:
    sent = {"host": wire.address, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return wire.exchange(Head("OPTIONS", path, "", sent).to_bytes(), "OPTIONS")


def test_preflights_are_refused_with_the_reason(wire, s3, bucket):
    path = object_path(bucket, "k")
    origin = {"origin": "https://app.example"}
    asks = {**origin, "access_control_request_method": "PUT"}
    for where in ("/", "/not-there/k", path):
        for headers, method in ((asks, "PUT"), (origin, "OPTIONS")):
            answer = preflight(wire, where, **headers)
            assert (answer.status, details(answer)) == (403, {
                "Code": "AccessForbidden", "Method": method, "ResourceType": "BUCKET"}), where
            said = "Bucket not found" if where != path else "CORS is not enabled for this bucket."
            assert answer.text("Message") == f"CORSResponse: {said}"
        for nowhere in ({}, {"origin": "", "access_control_request_method": "PUT"}):
            answer = preflight(wire, where, **nowhere)
            assert (answer.status, details(answer)) == (400, {"Code": "BadRequest"}), where

    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [{
        "AllowedOrigins": ["https://*.example"], "AllowedMethods": ["PUT"], "AllowedHeaders": ["x-amz-*"]}]})
    assert preflight(wire, path, **asks).status == 200
    for where, kind in ((path, "OBJECT"), (f"/{bucket}", "BUCKET")):
        answer = preflight(wire, where, **{**asks, "access_control_request_method": "GET"})
        assert (answer.status, details(answer)) == (403, {
            "Code": "AccessForbidden", "Method": "GET", "ResourceType": kind})
    for method in (None, "", "put", "PATCH", "OPTIONS", "something"):
        named = {} if method is None else {"access_control_request_method": method}
        answer = preflight(wire, path, **origin, **named)
        assert (answer.status, details(answer)) == (400, {"Code": "BadRequest"}), method
    for names in ("a b", "x:y", "x-amz-date, x(y)", "a/b", "a@b", '"a"'):
        answer = preflight(wire, path, **asks, access_control_request_headers=names)
        assert (answer.status, details(answer)) == (400, {"Code": "BadRequest"}), names


@pytest.mark.parametrize("name", ["a b", "x:y", "x-(*)", "grün", "a/b"])
def test_rules_allow_no_headers_that_cannot_be(s3, bucket, refused, name):
    rule = {"AllowedOrigins": ["*"], "AllowedMethods": ["GET"], "AllowedHeaders": ["x-amz-*", name]}
    refused("InvalidRequest", 400, s3.put_bucket_cors, Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})
