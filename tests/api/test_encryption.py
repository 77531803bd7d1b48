"""Encryption at rest with the store's key, a key of its key store, and the customer's: what is returned, stored and
refused.
"""

import base64
import hashlib
import json
import secrets

import pytest

from harness.clients import boto_client
from harness.content import MIB
from harness.users import Users, call
from harness.wire import Answer
from harness.world import document, statement

KIB = 1024
MARK = b"the words that must not lie on a disk"


def customer(number: int) -> dict[str, str]:
    key = hashlib.sha256(f"customer {number}".encode()).digest()
    # boto3 adds Base64 and the MD5.
    return {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": key}


def of_source(keys: dict) -> dict:
    return {f"CopySource{name}": value for name, value in keys.items()}


S3 = {"ServerSideEncryption": "AES256"}
KMS = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "team/photos"}
CUSTOMER, OTHER = customer(1), customer(2)
KINDS = {"plain": ({}, {}), "SSE-S3": (S3, {}), "SSE-KMS": (KMS, {}), "SSE-C": (CUSTOMER, CUSTOMER)}
ENCRYPTED = [kind for kind in KINDS if kind != "plain"]


@pytest.fixture(scope="module", autouse=True)
def kms_key(server) -> None:
    users = Users(server)
    users.ask("POST", "/kms-keys", {"name": "team/photos"})
    assert call(server, "POST", "/kms-keys", {"name": "team/photos"}, token=users.token).status == 409
    users.close()


def data_of(size: int) -> bytes:
    return (MARK * (size // len(MARK) + 1))[:size]


def shown(answer: dict) -> dict[str, str]:
    return {name: value for name, value in answer["ResponseMetadata"]["HTTPHeaders"].items() if "encryption" in name}


def assert_shown(kind: str, answer: dict) -> None:
    method = {"plain": None, "SSE-S3": "AES256", "SSE-KMS": "aws:kms", "SSE-C": None}[kind]
    assert answer.get("ServerSideEncryption") == method
    assert answer.get("SSEKMSKeyId") == ("team/photos" if kind == "SSE-KMS" else None)
    assert answer.get("SSECustomerAlgorithm") == ("AES256" if kind == "SSE-C" else None)
    assert ("SSECustomerKeyMD5" in answer) == (kind == "SSE-C")


@pytest.mark.parametrize("kind", ENCRYPTED)
@pytest.mark.parametrize("size", [0, 1, 64 * KIB, 64 * KIB + 1, MIB - 256, MIB - 255, MIB, 3 * MIB + 17])
def test_what_is_put_comes_back_whole_and_in_ranges(s3, bucket, kind, size):
    write, read = KINDS[kind]
    data = secrets.token_bytes(size)
    assert_shown(kind, s3.put_object(Bucket=bucket, Key="k", Body=data, **write))
    head = s3.head_object(Bucket=bucket, Key="k", **read)
    assert head["ContentLength"] == size
    assert_shown(kind, head)
    for _ in range(2):
        assert s3.get_object(Bucket=bucket, Key="k", **read)["Body"].read() == data
    listed = s3.list_objects_v2(Bucket=bucket)["Contents"][0]
    assert (listed["Size"], listed["ETag"]) == (size, head["ETag"])
    for start, end in [(0, 0), (1, 70_000), (65_535, 65_536), (size // 2, size // 2 + 10), (size - 1, size - 1)]:
        if 0 <= start < size:
            answer = s3.get_object(Bucket=bucket, Key="k", Range=f"bytes={start}-{end}", **read)
            assert answer["Body"].read() == data[start:end + 1]


def test_tags_tell_of_the_plaintext_only_where_they_may(s3, bucket):
    md5 = f'"{hashlib.md5(MARK).hexdigest()}"'
    tags = {kind: s3.put_object(Bucket=bucket, Key=kind, Body=MARK, **write)["ETag"] for kind, (write, _) in KINDS.items()}
    assert tags["plain"] == tags["SSE-S3"] == md5
    assert len({*tags.values()}) == 3
    for kind in ("SSE-KMS", "SSE-C"):
        head = s3.head_object(Bucket=bucket, Key=kind, ChecksumMode="ENABLED", **KINDS[kind][1])
        assert head["ETag"] == tags[kind]
        # No client of this test omits its own checksum; sent checksums are returned.
        assert head.get("ChecksumType") in (None, "FULL_OBJECT")


@pytest.mark.parametrize("kind", ENCRYPTED)
def test_parts_are_encrypted_each(s3, bucket, kind, refused):
    write, read = KINDS[kind]
    parts = [secrets.token_bytes(5 * MIB + 1), secrets.token_bytes(5 * MIB), b"end"]
    begun = s3.create_multipart_upload(Bucket=bucket, Key="k", ChecksumAlgorithm="CRC32", **write)
    assert_shown(kind, begun)
    upload = {"Bucket": bucket, "Key": "k", "UploadId": begun["UploadId"]}
    if kind == "SSE-C":
        refused("InvalidRequest", 400, s3.upload_part, PartNumber=1, Body=b"x", **upload)
        refused("InvalidRequest", 400, s3.upload_part, PartNumber=1, Body=b"x", **upload, **OTHER)
    else:
        refused("InvalidRequest", 400, s3.upload_part, PartNumber=1, Body=b"x", **upload, **CUSTOMER)
    told = []
    again = s3.upload_part(PartNumber=1, Body=parts[0], **upload, **read)["ETag"]
    for number, part in enumerate(parts, 1):
        answer = s3.upload_part(PartNumber=number, Body=part, **upload, **read)
        assert_shown(kind, answer)
        told.append({"PartNumber": number, "ETag": answer["ETag"], "ChecksumCRC32": answer["ChecksumCRC32"]})
    assert told[0]["ETag"] == again, "a part sent again is the same part"
    if kind == "SSE-C":
        refused("InvalidRequest", 400, s3.complete_multipart_upload, MultipartUpload={"Parts": told}, **upload)
    done = s3.complete_multipart_upload(MultipartUpload={"Parts": told}, **upload, **read)
    whole = b"".join(parts)
    answer = s3.get_object(Bucket=bucket, Key="k", **read)
    assert answer["ETag"] == done["ETag"]
    assert_shown(kind, answer)
    assert answer["Body"].read() == whole
    edge = len(parts[0])
    for start, end in [(edge - 3, edge + 3), (edge + 70_000, edge + 70_001), (len(whole) - 4, len(whole) - 1)]:
        ranged = s3.get_object(Bucket=bucket, Key="k", Range=f"bytes={start}-{end}", **read)
        assert ranged["Body"].read() == whole[start:end + 1]
    assert s3.get_object(Bucket=bucket, Key="k", PartNumber=2, **read)["Body"].read() == parts[1]


def headers_of(keys: dict) -> dict[str, str]:
    key = keys["SSECustomerKey"]
    name = "x-amz-server-side-encryption-customer"
    return {f"{name}-algorithm": "AES256", f"{name}-key": base64.b64encode(key).decode(),
            f"{name}-key-MD5": base64.b64encode(hashlib.md5(key).digest()).decode()}


def test_an_upload_without_checksums_ends_without_the_customers_key(wire, bucket):
    path = f"/{bucket}/k"

    def end(headers: dict[str, str]) -> Answer:
        upload = wire.request("POST", path, "uploads", headers=headers_of(CUSTOMER)).text("UploadId")
        part = wire.request("PUT", path, f"partNumber=1&uploadId={upload}", headers=headers_of(CUSTOMER), body=MARK)
        told = f"<PartNumber>1</PartNumber><ETag>{part.headers['etag']}</ETag>"
        told = f"<CompleteMultipartUpload><Part>{told}</Part></CompleteMultipartUpload>"
        return wire.request("POST", path, f"uploadId={upload}", headers=headers, body=told.encode())

    assert (end(headers_of(OTHER)).status, wire.get(bucket, "k", headers=headers_of(CUSTOMER)).status) == (400, 404)
    for headers in ({}, headers_of(CUSTOMER)):
        assert end(headers).status == 200
        assert wire.get(bucket, "k", headers=headers_of(CUSTOMER)).body == MARK
        assert wire.get(bucket, "k").status == 400
        wire.delete(bucket, "k")


def test_a_quota_is_looked_at_before_the_bytes_of_a_copy(server, s3, bucket, refused):
    def discarded() -> float:
        lines = server.get_console("/metrics")[1].decode().splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines
                   if line.startswith("planetstore_gateway_staged_discarded_total"))

    s3.put_object(Bucket=bucket, Key="from", Body=data_of(2 * MIB))
    source = {"CopySource": {"Bucket": bucket, "Key": "from"}}
    upload = s3.create_multipart_upload(Bucket=bucket, Key="parts", **S3)["UploadId"]
    users = Users(server)
    users.ask("PUT", f"/buckets/{bucket}/quota", {"bytes": 3 * MIB})
    users.close()
    before = discarded()
    refused("QuotaExceeded", 403, s3.copy_object, Bucket=bucket, Key="to", **source, **S3)
    refused("QuotaExceeded", 403, s3.upload_part_copy, Bucket=bucket, Key="parts", UploadId=upload, PartNumber=1,
            **source)
    assert discarded() == before
    s3.upload_part_copy(Bucket=bucket, Key="parts", UploadId=upload, PartNumber=1, CopySourceRange="bytes=0-9", **source)


@pytest.mark.parametrize("source", KINDS)
@pytest.mark.parametrize("target", KINDS)
def test_any_kind_is_copied_to_any_other(s3, bucket, source, target):
    data = data_of(200_000)
    write, read = KINDS[source]
    s3.put_object(Bucket=bucket, Key="from", Body=data, Metadata={"a": "b"}, **write)
    wanted, wanted_read = ({**OTHER}, {**OTHER}) if target == "SSE-C" else KINDS[target]
    named = {"CopySource": {"Bucket": bucket, "Key": "from"}, **of_source(read)}
    assert_shown(target, s3.copy_object(Bucket=bucket, Key="to", **named, **wanted))
    answer = s3.get_object(Bucket=bucket, Key="to", **wanted_read)
    assert (answer["Body"].read(), answer["Metadata"]) == (data, {"a": "b"})
    assert_shown(target, answer)
    assert s3.get_object(Bucket=bucket, Key="from", **read)["Body"].read() == data
    upload = s3.create_multipart_upload(Bucket=bucket, Key="parts", **wanted)["UploadId"]
    part = s3.upload_part_copy(Bucket=bucket, Key="parts", UploadId=upload, PartNumber=1,
                               CopySourceRange="bytes=70000-199999", **named, **wanted_read)
    told = {"Parts": [{"PartNumber": 1, "ETag": part["CopyPartResult"]["ETag"]}]}
    s3.complete_multipart_upload(Bucket=bucket, Key="parts", UploadId=upload, MultipartUpload=told,
                                 **wanted_read)
    assert s3.get_object(Bucket=bucket, Key="parts", **wanted_read)["Body"].read() == data[70_000:]


def test_a_copy_in_place_changes_the_key_and_no_bytes(s3, bucket, refused):
    s3.put_object(Bucket=bucket, Key="k", Body=MARK, **CUSTOMER)
    same = {"Bucket": bucket, "Key": "k", "CopySource": {"Bucket": bucket, "Key": "k"}}
    refused("InvalidRequest", 400, s3.copy_object, **same, **OTHER)
    refused("InvalidRequest", 400, s3.copy_object, **same, **OTHER, **of_source(OTHER))
    s3.copy_object(**same, **OTHER, **of_source(CUSTOMER))
    refused("InvalidRequest", 400, s3.get_object, Bucket=bucket, Key="k", **CUSTOMER)
    assert s3.get_object(Bucket=bucket, Key="k", **OTHER)["Body"].read() == MARK


def test_the_customers_key_is_needed_for_every_look(s3, bucket, refused):
    s3.put_object(Bucket=bucket, Key="k", Body=MARK, **CUSTOMER)
    s3.put_object(Bucket=bucket, Key="empty", Body=b"", **CUSTOMER)
    s3.put_object(Bucket=bucket, Key="plain", Body=MARK)
    for key in ("k", "empty"):
        refused("InvalidRequest", 400, s3.get_object, Bucket=bucket, Key=key)
        refused("InvalidRequest", 400, s3.get_object, Bucket=bucket, Key=key, **OTHER)
        for wrong in ({}, OTHER):
            refused("400", 400, s3.head_object, Bucket=bucket, Key=key, **wrong)
    etag = s3.head_object(Bucket=bucket, Key="k", **CUSTOMER)["ETag"]
    for asks in ({"IfNoneMatch": etag}, {"IfMatch": "no"}, {"Range": "bytes=999-"}, {"PartNumber": 2}):
        refused("InvalidRequest", 400, s3.get_object, Bucket=bucket, Key="k", **asks)
        refused("400", 400, s3.head_object, Bucket=bucket, Key="k", **asks, **OTHER)
    refused("304", 304, s3.get_object, Bucket=bucket, Key="k", IfNoneMatch=etag, **CUSTOMER)
    attributes = {"Bucket": bucket, "Key": "k", "ObjectAttributes": ["ObjectSize"]}
    refused("InvalidRequest", 400, s3.get_object_attributes, **attributes)
    key = CUSTOMER["SSECustomerKey"]
    spelled = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": base64.b64encode(key).decode(),
               "SSECustomerKeyMD5": base64.b64encode(hashlib.md5(key).digest()).decode()}
    assert s3.get_object_attributes(**attributes, **spelled)["ObjectSize"] == len(MARK)
    refused("InvalidRequest", 400, s3.get_object, Bucket=bucket, Key="plain", **CUSTOMER)
    refused("InvalidArgument", 400, s3.put_object, Bucket=bucket, Key="x", Body=b"", **CUSTOMER, **S3)


@pytest.mark.parametrize("headers", [
    {"x-amz-server-side-encryption": "AES256"},
    {"x-amz-server-side-encryption-aws-kms-key-id": "team/photos"},
])
def test_reads_do_not_say_how_to_encrypt(wire, s3, bucket, headers):
    s3.put_object(Bucket=bucket, Key="k", Body=MARK, **S3)
    answer = wire.get(bucket, "k", headers=headers)
    assert (answer.status, answer.code) == (400, "InvalidArgument")
    answer = wire.request("GET", f"/{bucket}", headers=headers)
    assert (answer.status, answer.code) == (501, "NotImplemented")


def test_a_bucket_encrypts_by_default(s3, bucket, refused):
    refused("ServerSideEncryptionConfigurationNotFoundError", 404, s3.get_bucket_encryption, Bucket=bucket)
    assert_shown("plain", s3.put_object(Bucket=bucket, Key="before", Body=MARK))
    for kind, rule in {
        "SSE-S3": {"SSEAlgorithm": "AES256"},
        "SSE-KMS": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "team/photos"},
    }.items():
        rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": rule, "BucketKeyEnabled": kind == "SSE-KMS"}]}
        s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=rules)
        assert s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"] == rules
        assert_shown(kind, s3.put_object(Bucket=bucket, Key="k", Body=MARK))
        assert_shown(kind, s3.copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/before"))
        begun = s3.create_multipart_upload(Bucket=bucket, Key="parts")
        assert_shown(kind, begun)
        answer = s3.get_object(Bucket=bucket, Key="copy")
        assert_shown(kind, answer)
        assert answer["Body"].read() == MARK
        assert_shown("SSE-C", s3.put_object(Bucket=bucket, Key="own", Body=MARK, **CUSTOMER))
    assert answer["BucketKeyEnabled"] is True
    s3.delete_bucket_encryption(Bucket=bucket)
    assert_shown("plain", s3.put_object(Bucket=bucket, Key="k", Body=MARK))
    refused("MalformedXML", 400, s3.put_bucket_encryption, Bucket=bucket, ServerSideEncryptionConfiguration={
        "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "DES"}}]})


def test_kms_keys_are_made_switched_off_and_named_in_several_ways(server, s3, bucket, refused):
    users = Users(server)
    refused("KMS.NotFoundException", 400, s3.put_object, Bucket=bucket, Key="k", Body=b"",
            ServerSideEncryption="aws:kms", SSEKMSKeyId="nobody")
    default = s3.put_object(Bucket=bucket, Key="default", Body=MARK, ServerSideEncryption="aws:kms")
    assert default["SSEKMSKeyId"] == "aws/s3"
    arn = "arn:aws:kms:eu-1:123456789012:key/switched"
    users.ask("POST", "/kms-keys", {"name": "switched"})
    context = base64.b64encode(json.dumps({"team": "art"}).encode()).decode()
    write = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": arn, "SSEKMSEncryptionContext": context}
    assert s3.put_object(Bucket=bucket, Key="k", Body=MARK, **write)["SSEKMSKeyId"] == "switched"
    names = {key["name"]: key["enabled"] for key in users.ask("GET", "/kms-keys")["kms_keys"]}
    assert {"aws/s3": True, "switched": True}.items() <= names.items()
    users.ask("PATCH", "/kms-keys/switched", {"enabled": False})
    refused("KMS.DisabledException", 400, s3.get_object, Bucket=bucket, Key="k")
    refused("KMS.DisabledException", 400, s3.put_object, Bucket=bucket, Key="k", Body=b"", **write)
    users.ask("PATCH", "/kms-keys/switched", {"enabled": True})
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == MARK
    assert users.ask("PATCH", "/kms-keys/aws%2Fs3", {"enabled": True})["name"] == "aws/s3"
    assert call(server, "PATCH", "/kms-keys/nobody", {"enabled": True}, token=users.token).status == 404
    users.close()


def test_a_policy_can_ask_for_encryption(world, refused):
    owner, bucket = world["owner"], world.bucket()
    unencrypted = {"Null": {"s3:x-amz-server-side-encryption": "true"}}
    owner.put_bucket_policy(Bucket=bucket, Policy=document(
        statement("Deny", "s3:PutObject", f"{bucket}/*", Principal="*", Condition=unencrypted)))
    refused("AccessDenied", 403, owner.put_object, Bucket=bucket, Key="k", Body=MARK)
    refused("AccessDenied", 403, owner.put_object, Bucket=bucket, Key="k", Body=MARK, **CUSTOMER)
    owner.put_object(Bucket=bucket, Key="k", Body=MARK, **S3)


def test_disks_hold_ciphertext_and_no_key(make_server):
    server = make_server().start()
    s3 = boto_client(server)
    s3.create_bucket(Bucket="vault")
    secret = customer(3)
    data = data_of(2 * MIB)
    s3.put_object(Bucket="vault", Key="small", Body=MARK, **S3)
    s3.put_object(Bucket="vault", Key="large", Body=data, **secret)
    users = Users(server)
    assert users.ask("GET", "/buckets/vault")["usage"]["bytes"] == len(MARK) + len(data), "quotas"
    users.close()
    server.stop()
    key = secret["SSECustomerKey"]
    for path in server.folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            for forbidden in (MARK, key, base64.b64encode(key), key.hex().encode()):
                assert forbidden not in content, path
    server.start()
    s3 = boto_client(server)
    assert s3.get_object(Bucket="vault", Key="small")["Body"].read() == MARK
    assert s3.get_object(Bucket="vault", Key="large", **secret)["Body"].read() == data
    server.stop()
    rebuilt = server.run("rebuild")
    assert rebuilt.returncode == 0, rebuilt.stderr
    server.start()
    s3 = boto_client(server)
    assert s3.get_object(Bucket="vault", Key="large", **secret)["Body"].read() == data


@pytest.mark.parametrize("size", [MIB - 1, MIB, 2 * MIB - 1])
def test_a_declared_hash_names_no_ciphertext(wire, bucket, size):
    """Ciphertext is longer than its plaintext: its last bytes may begin another stripe."""
    data = data_of(size)
    assert wire.put(bucket, "plain", data).status == 200
    assert wire.put(bucket, "k", data, headers={"x-amz-server-side-encryption": "AES256"}).status == 200
    got = wire.get(bucket, "k")
    assert (got.status, got.body == data) == (200, True)
