"""Multipart uploads with boto3: by hand and by the transfer manager."""

import io

import pytest
from boto3.s3.transfer import TransferConfig

from harness.content import KIB, MIB, content, etag, etag_of_parts

PART = 5 * MIB


class Upload:
    """A manual upload."""

    def __init__(self, s3, bucket: str, key: str = "k", **how: object) -> None:
        self.s3 = s3
        self.place = {"Bucket": bucket, "Key": key}
        self.place["UploadId"] = s3.create_multipart_upload(Bucket=bucket, Key=key, **how)["UploadId"]

    def put(self, number: int, data: bytes, **how: object) -> dict:
        answer = self.s3.upload_part(**self.place, PartNumber=number, Body=data, **how)
        assert answer["ETag"] == etag(data)
        sums = {name: value for name, value in answer.items() if name.startswith("Checksum") and name != "ChecksumType"}
        return {"PartNumber": number, "ETag": answer["ETag"], **sums}

    def complete(self, parts: list[dict], **how: object) -> dict:
        return self.s3.complete_multipart_upload(**self.place, MultipartUpload={"Parts": parts}, **how)


@pytest.fixture(scope="module")
def pieces() -> list[bytes]:
    return [content(("part", number), size) for number, size in enumerate((PART, PART + 1, 17))]


def test_parts_become_one_object(s3, bucket, pieces):
    upload = Upload(s3, bucket, ContentType="text/plain", Metadata={"a": "1"})
    parts = [upload.put(number, data) for number, data in ((3, pieces[2]), (1, pieces[0]), (2, pieces[1]))]
    parts.sort(key=lambda part: part["PartNumber"])
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    assert upload.complete(parts)["ETag"] == etag_of_parts(pieces)
    whole = b"".join(pieces)
    got = s3.get_object(Bucket=bucket, Key="k")
    assert got["Body"].read() == whole
    assert (got["ETag"], got["ContentType"], got["Metadata"]) == (etag_of_parts(pieces), "text/plain", {"a": "1"})
    assert s3.list_objects_v2(Bucket=bucket)["Contents"][0]["Size"] == len(whole)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)


def test_ranges_across_parts(s3, bucket, pieces):
    upload = Upload(s3, bucket)
    upload.complete([upload.put(number + 1, data) for number, data in enumerate(pieces)])
    whole = b"".join(pieces)
    for first, last in ((0, 0), (PART - 1, PART), (PART - 100, 2 * PART + 5), (2 * PART + 1, len(whole) - 1),
                        (0, len(whole) - 1), (MIB - 1, MIB)):
        got = s3.get_object(Bucket=bucket, Key="k", Range=f"bytes={first}-{last}")
        assert got["Body"].read() == whole[first:last + 1], (first, last)


def test_a_part_is_read_by_its_number(s3, bucket, pieces, refused):
    upload = Upload(s3, bucket)
    numbers = (2, 5, 9)
    upload.complete([upload.put(number, data) for number, data in zip(numbers, pieces, strict=True)])
    for number, data in zip(numbers, pieces, strict=True):
        got = s3.get_object(Bucket=bucket, Key="k", PartNumber=number)
        assert (got["Body"].read(), got["PartsCount"]) == (data, 3)
        assert got["ResponseMetadata"]["HTTPStatusCode"] == 206
        head = s3.head_object(Bucket=bucket, Key="k", PartNumber=number)
        assert (head["ContentLength"], head["PartsCount"]) == (len(data), 3)
    refused("InvalidPartNumber", 416, s3.get_object, Bucket=bucket, Key="k", PartNumber=10)


def test_the_last_upload_of_a_part_counts(s3, bucket):
    upload = Upload(s3, bucket)
    stale = upload.put(1, b"first try")
    part = upload.put(1, b"second try")
    with pytest.raises(s3.exceptions.ClientError) as caught:
        upload.complete([stale])
    assert caught.value.response["Error"]["Code"] == "InvalidPart"
    upload.complete([part])
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"second try"


def test_parts_that_are_not_named_are_left_out(s3, bucket, pieces):
    upload = Upload(s3, bucket)
    parts = [upload.put(number + 1, data) for number, data in enumerate((pieces[0], pieces[1], b"end"))]
    upload.complete([parts[0], parts[2]])
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == pieces[0] + b"end"


def test_completing_again_gives_the_same_answer(s3, bucket):
    upload = Upload(s3, bucket)
    parts = [upload.put(1, b"only")]
    first = upload.complete(parts)
    assert upload.complete(parts)["ETag"] == first["ETag"]


def test_an_aborted_upload_is_gone(s3, bucket, refused):
    upload = Upload(s3, bucket)
    part = upload.put(1, b"x")
    s3.abort_multipart_upload(**upload.place)
    refused("NoSuchUpload", 404, s3.list_parts, **upload.place)
    refused("NoSuchUpload", 404, s3.upload_part, **upload.place, PartNumber=1, Body=b"x")
    refused("NoSuchUpload", 404, s3.complete_multipart_upload, **upload.place, MultipartUpload={"Parts": [part]})
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_uploads_and_parts_are_listed_page_by_page(s3, bucket):
    uploads = {(key, Upload(s3, bucket, key).place["UploadId"]) for key in ("a", "a", "b/c", "b/d", "e")}
    for size in (1, 2, 100):
        pages = s3.get_paginator("list_multipart_uploads").paginate(
            Bucket=bucket, PaginationConfig={"PageSize": size})
        found = [(entry["Key"], entry["UploadId"]) for page in pages for entry in page.get("Uploads", [])]
        assert len(found) == 5 and set(found) == uploads
    rolled = s3.list_multipart_uploads(Bucket=bucket, Delimiter="/")
    assert [entry["Prefix"] for entry in rolled["CommonPrefixes"]] == ["b/"]
    upload = Upload(s3, bucket, "parts")
    sizes = {number: number * 10 for number in (1, 2, 7, 9_999, 10_000)}
    for number, size in sizes.items():
        upload.put(number, content(number, size))
    pages = s3.get_paginator("list_parts").paginate(**upload.place, PaginationConfig={"PageSize": 2})
    assert {part["PartNumber"]: part["Size"] for page in pages for part in page["Parts"]} == sizes


def test_parts_copied_from_objects(s3, bucket):
    data = content("source", PART + 3 * MIB)
    s3.put_object(Bucket=bucket, Key="100%/a+b", Body=data)
    source = {"Bucket": bucket, "Key": "100%/a+b"}
    upload = Upload(s3, bucket, "copied")
    first = s3.upload_part_copy(**upload.place, PartNumber=1, CopySource=source)["CopyPartResult"]
    assert first["ETag"] == etag(data)
    second = s3.upload_part_copy(
        **upload.place, PartNumber=2, CopySource=source, CopySourceRange=f"bytes=5-{MIB + 9}")["CopyPartResult"]
    third = upload.put(3, b"end")
    parts = [{"PartNumber": 1, "ETag": first["ETag"]}, {"PartNumber": 2, "ETag": second["ETag"]}, third]
    with pytest.raises(s3.exceptions.ClientError) as caught:
        upload.complete(parts)
    assert caught.value.response["Error"]["Code"] == "EntityTooSmall"
    upload.complete([parts[0], third])
    assert s3.get_object(Bucket=bucket, Key="copied")["Body"].read() == data + b"end"
    with pytest.raises(s3.exceptions.ClientError) as caught:
        s3.upload_part_copy(**Upload(s3, bucket).place, PartNumber=1, CopySource=source,
                            CopySourceRange=f"bytes=0-{len(data)}")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 416)


def test_a_multipart_object_is_copied_whole(s3, bucket, pieces):
    upload = Upload(s3, bucket)
    upload.complete([upload.put(number + 1, data) for number, data in enumerate(pieces)])
    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "k"})
    s3.delete_object(Bucket=bucket, Key="k")
    assert s3.get_object(Bucket=bucket, Key="copy")["Body"].read() == b"".join(pieces)


def test_completion_on_conditions(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"old")
    upload = Upload(s3, bucket)
    parts = [upload.put(1, b"new")]
    for condition in ({"IfNoneMatch": "*"}, {"IfMatch": etag(b"other")}):
        with pytest.raises(s3.exceptions.ClientError) as caught:
            upload.complete(parts, **condition)
        assert caught.value.response["Error"]["Code"] == "PreconditionFailed"
        assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"old"
    upload.complete(parts, IfMatch=etag(b"old"))
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"new"


def test_a_versioned_upload_makes_a_version(s3, versioned):
    s3.put_object(Bucket=versioned, Key="k", Body=b"old")
    upload = Upload(s3, versioned)
    version = upload.complete([upload.put(1, b"new")])["VersionId"]
    assert s3.get_object(Bucket=versioned, Key="k", VersionId=version)["Body"].read() == b"new"
    assert len(s3.list_object_versions(Bucket=versioned)["Versions"]) == 2


@pytest.mark.parametrize("size", [0, 100 * KIB, 8 * MIB, 21 * MIB + 5])
def test_files_through_the_transfer_manager(s3, bucket, tmp_path, size):
    data = content("file", size)
    (tmp_path / "up").write_bytes(data)
    plan = TransferConfig(multipart_threshold=8 * MIB, multipart_chunksize=6 * MIB, max_concurrency=4)
    s3.upload_file(str(tmp_path / "up"), bucket, "dir/file", Config=plan)
    assert ("-" in s3.head_object(Bucket=bucket, Key="dir/file")["ETag"]) == (size >= 8 * MIB)
    s3.download_file(bucket, "dir/file", str(tmp_path / "down"), Config=plan)
    assert (tmp_path / "down").read_bytes() == data
    taken = io.BytesIO()
    s3.download_fileobj(bucket, "dir/file", taken, Config=plan)
    assert taken.getvalue() == data
    s3.copy({"Bucket": bucket, "Key": "dir/file"}, bucket, "copy", Config=plan)
    assert s3.get_object(Bucket=bucket, Key="copy")["Body"].read() == data


def test_ten_thousand_parts(server, s3, bucket):
    """A list of parts of the maximum length. The parts are too small to become an object, so the error shows that the
    list was read.
    """
    upload = Upload(s3, bucket)
    first, last = upload.put(1, b"small"), upload.put(10_000, b"end")
    named = [first, *({"PartNumber": n, "ETag": first["ETag"]} for n in range(2, 10_000)), last]
    with pytest.raises(s3.exceptions.ClientError) as caught:
        upload.complete(named)
    assert caught.value.response["Error"]["Code"] == "InvalidPart"
    with pytest.raises(s3.exceptions.ClientError) as caught:
        upload.complete([first, last])
    assert caught.value.response["Error"]["Code"] == "EntityTooSmall"


def test_of_a_part_sent_twice_the_last_counts(s3, bucket, refused):
    """Clients that retry list both uploads of the part. In another order, or twice the same, it is an error."""
    place = {"Bucket": bucket, "Key": "k"}
    place["UploadId"] = s3.create_multipart_upload(**place)["UploadId"]
    first, last = (s3.upload_part(**place, PartNumber=1, Body=data)["ETag"] for data in (b"first", b"last"))
    for tags, code in ([last, first], "InvalidPart"), ([last, last], "InvalidPartOrder"):
        parts = {"Parts": [{"PartNumber": 1, "ETag": tag} for tag in tags]}
        refused(code, 400, s3.complete_multipart_upload, **place, MultipartUpload=parts)
    parts = {"Parts": [{"PartNumber": 1, "ETag": tag} for tag in (first, last)]}
    s3.complete_multipart_upload(**place, MultipartUpload=parts)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"last"
