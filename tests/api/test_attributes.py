"""GetObjectAttributes: an object's properties without its bytes."""

import pytest

from harness.content import MIB, content, etag, etag_of_parts

ALL = ["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"]
PART = 5 * MIB


def attributes(s3, bucket: str, key: str, wanted: list[str] = ALL, **more) -> dict:
    answer = s3.get_object_attributes(Bucket=bucket, Key=key, ObjectAttributes=wanted, **more)
    return {name: value for name, value in answer.items() if name in ALL}


def test_of_an_object_of_one_put(s3, bucket):
    data = b"attributes"
    made = s3.put_object(Bucket=bucket, Key="k", Body=data, ChecksumAlgorithm="SHA256", StorageClass="GLACIER_IR")
    found = s3.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=ALL)
    assert found["LastModified"] == s3.head_object(Bucket=bucket, Key="k")["LastModified"]
    assert {name: found.get(name) for name in ALL} == {
        "ETag": etag(data).strip('"'), "StorageClass": "GLACIER_IR", "ObjectSize": len(data), "ObjectParts": None,
        "Checksum": {"ChecksumSHA256": made["ChecksumSHA256"], "ChecksumType": "FULL_OBJECT"}}
    assert attributes(s3, bucket, "k", ["ObjectSize"]) == {"ObjectSize": len(data)}
    assert set(attributes(s3, bucket, "k", ["ETag", "StorageClass"])) == {"ETag", "StorageClass"}


def test_of_parts_page_by_page(s3, bucket):
    pieces = [content(f"part {number}", PART if number < 3 else 7) for number in range(1, 4)]
    upload = {"Bucket": bucket, "Key": "k"}
    upload["UploadId"] = s3.create_multipart_upload(**upload, ChecksumAlgorithm="CRC32C")["UploadId"]
    parts = []
    for number, data in zip((1, 4, 9), pieces):
        part = s3.upload_part(**upload, PartNumber=number, Body=data, ChecksumAlgorithm="CRC32C")
        parts.append({"PartNumber": number, "ETag": part["ETag"], "ChecksumCRC32C": part["ChecksumCRC32C"]})
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    found = attributes(s3, bucket, "k")
    assert found["ETag"] == etag_of_parts(pieces).strip('"')
    assert (found["Checksum"]["ChecksumType"], found["ObjectSize"]) == ("COMPOSITE", 2 * PART + 7)
    shown = found["ObjectParts"]
    assert (shown["TotalPartsCount"], shown["MaxParts"], shown["IsTruncated"]) == (3, 1000, False)
    assert shown["Parts"] == [
        {"PartNumber": part["PartNumber"], "Size": len(data), "ChecksumCRC32C": part["ChecksumCRC32C"]}
        for part, data in zip(parts, pieces)]
    seen, marker = [], 0
    while True:
        page = attributes(s3, bucket, "k", ["ObjectParts"], MaxParts=2, PartNumberMarker=marker)["ObjectParts"]
        assert (page["TotalPartsCount"], page["MaxParts"], page["PartNumberMarker"]) == (3, 2, marker)
        seen += [part["PartNumber"] for part in page["Parts"]]
        if not page["IsTruncated"]:
            break
        marker = page["NextPartNumberMarker"]
    assert seen == [1, 4, 9]


def test_of_versions(s3, bucket, refused):
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    versions = [s3.put_object(Bucket=bucket, Key="k", Body=b"x" * size)["VersionId"] for size in (1, 2)]
    ask = {"Bucket": bucket, "Key": "k", "ObjectAttributes": ["ObjectSize"]}
    assert s3.get_object_attributes(**ask)["VersionId"] == versions[1]
    found = s3.get_object_attributes(**ask, VersionId=versions[0])
    assert (found["VersionId"], found["ObjectSize"]) == (versions[0], 1)
    marker = s3.delete_object(Bucket=bucket, Key="k")["VersionId"]
    refused("NoSuchKey", 404, s3.get_object_attributes, **ask)
    refused("MethodNotAllowed", 405, s3.get_object_attributes, **ask, VersionId=marker)


@pytest.mark.parametrize(("headers", "status"), [
    ({}, 400), ({"x-amz-object-attributes": ""}, 400), ({"x-amz-object-attributes": "ETag,Color"}, 400),
    ({"x-amz-object-attributes": "etag"}, 400), ({"x-amz-object-attributes": "ETag , ObjectSize"}, 200),
    ({"x-amz-object-attributes": "ETag", "x-amz-max-parts": "x"}, 400),
    ({"x-amz-object-attributes": "ETag", "x-amz-max-parts": "-1"}, 400),
    ({"x-amz-object-attributes": "ETag", "x-amz-part-number-marker": "70000"}, 400),
    ({"x-amz-object-attributes": "ObjectParts", "x-amz-max-parts": "0"}, 200),
])
def test_what_is_asked_for_must_exist(wire, bucket, headers, status):
    wire.put(bucket, "k", b"x")
    answer = wire.request("GET", f"/{bucket}/k", "attributes=", headers)
    assert (answer.status, answer.code) == (status, "InvalidArgument" if status == 400 else ""), answer.body
