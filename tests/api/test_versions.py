"""Versions: buckets with versioning enabled, suspended and never enabled, null versions, delete markers, and listings.
"""

import pytest

from harness.content import content, etag


def put(s3, bucket: str, key: str, body: bytes) -> str | None:
    return s3.put_object(Bucket=bucket, Key=key, Body=body).get("VersionId")


def suspend(s3, bucket: str) -> None:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})


def listed(s3, bucket: str, **how: object) -> list[tuple[str, str, bool, bool]]:
    """Key, version, whether it is the latest, and whether it is a delete marker; in the order of the listing."""
    page = s3.list_object_versions(Bucket=bucket, **how)
    entries = [(entry, False) for entry in page.get("Versions", [])]
    entries += [(entry, True) for entry in page.get("DeleteMarkers", [])]
    return [(entry["Key"], entry["VersionId"], entry["IsLatest"], marker) for entry, marker in entries]


def test_every_version_keeps_its_bytes(s3, versioned):
    bodies = [content(("version", size), size) for size in (0, 10, 50_000, 2_000_000)]
    versions = [put(s3, versioned, "k", body) for body in bodies]
    assert len(set(versions)) == 4 and all(versions)
    for version, body in zip(versions, bodies, strict=True):
        got = s3.get_object(Bucket=versioned, Key="k", VersionId=version)
        assert (got["Body"].read(), got["VersionId"]) == (body, version)
        assert s3.head_object(Bucket=versioned, Key="k", VersionId=version)["ETag"] == etag(body)
    assert s3.get_object(Bucket=versioned, Key="k")["VersionId"] == versions[-1]
    assert [(entry[1], entry[2]) for entry in listed(s3, versioned)] == [
        (version, version == versions[-1]) for version in reversed(versions)]


def test_version_ids_sort_by_time(s3, versioned):
    versions = [put(s3, versioned, "k", bytes([number])) for number in range(20)]
    assert versions == sorted(versions) or versions == sorted(versions, reverse=True)


def test_a_delete_marker_hides_and_can_be_taken_away(s3, versioned, refused):
    first = put(s3, versioned, "k", b"1")
    deleted = s3.delete_object(Bucket=versioned, Key="k")
    assert deleted["DeleteMarker"] is True
    marker = deleted["VersionId"]
    answer = refused("NoSuchKey", 404, s3.get_object, Bucket=versioned, Key="k")
    assert answer["ResponseMetadata"]["HTTPHeaders"]["x-amz-delete-marker"] == "true"
    answer = refused("405", 405, s3.head_object, Bucket=versioned, Key="k", VersionId=marker)
    assert answer["ResponseMetadata"]["HTTPHeaders"]["x-amz-delete-marker"] == "true"
    assert s3.list_objects_v2(Bucket=versioned)["KeyCount"] == 0
    assert s3.get_object(Bucket=versioned, Key="k", VersionId=first)["Body"].read() == b"1"
    assert listed(s3, versioned) == [("k", first, False, False), ("k", marker, True, True)]
    taken = s3.delete_object(Bucket=versioned, Key="k", VersionId=marker)
    assert (taken["DeleteMarker"], taken["VersionId"]) == (True, marker)
    assert s3.get_object(Bucket=versioned, Key="k")["Body"].read() == b"1"


def test_markers_pile_up_on_a_key_that_was_never_there(s3, versioned):
    markers = [s3.delete_object(Bucket=versioned, Key="k")["VersionId"] for _ in range(2)]
    assert len(set(markers)) == 2
    assert [entry[1:] for entry in listed(s3, versioned)] == [(markers[1], True, True), (markers[0], False, True)]


def test_deleting_a_version_brings_the_one_before_it_back(s3, versioned, refused):
    versions = [put(s3, versioned, "k", body) for body in (b"1", b"2", b"3")]
    s3.delete_object(Bucket=versioned, Key="k", VersionId=versions[1])
    assert s3.get_object(Bucket=versioned, Key="k")["Body"].read() == b"3"
    s3.delete_object(Bucket=versioned, Key="k", VersionId=versions[2])
    assert s3.get_object(Bucket=versioned, Key="k")["Body"].read() == b"1"
    refused("NoSuchVersion", 404, s3.get_object, Bucket=versioned, Key="k", VersionId=versions[1])
    s3.delete_object(Bucket=versioned, Key="k", VersionId=versions[0])
    refused("NoSuchKey", 404, s3.get_object, Bucket=versioned, Key="k")
    assert listed(s3, versioned) == []
    s3.delete_bucket(Bucket=versioned)


def test_a_bucket_without_versioning_has_null_versions(s3, bucket):
    assert put(s3, bucket, "k", b"1") is None
    assert listed(s3, bucket) == [("k", "null", True, False)]
    assert s3.get_object(Bucket=bucket, Key="k", VersionId="null")["Body"].read() == b"1"
    s3.delete_object(Bucket=bucket, Key="k", VersionId="null")
    assert listed(s3, bucket) == []


def test_what_was_there_before_versioning_becomes_the_null_version(s3, bucket):
    put(s3, bucket, "k", b"before")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    version = put(s3, bucket, "k", b"after")
    assert [entry[1:3] for entry in listed(s3, bucket)] == [(version, True), ("null", False)]
    assert s3.get_object(Bucket=bucket, Key="k", VersionId="null")["Body"].read() == b"before"


def test_a_suspended_bucket_has_one_null_version(s3, versioned):
    kept = put(s3, versioned, "k", b"kept")
    suspend(s3, versioned)
    for body in (b"1", b"2"):
        assert put(s3, versioned, "k", body) is None
    assert [entry[1:] for entry in listed(s3, versioned)] == [("null", True, False), (kept, False, False)]
    assert s3.get_object(Bucket=versioned, Key="k", VersionId="null")["Body"].read() == b"2"
    deleted = s3.delete_object(Bucket=versioned, Key="k")
    assert (deleted["DeleteMarker"], deleted["VersionId"]) == (True, "null")
    assert sorted(listed(s3, versioned)) == sorted([("k", kept, False, False), ("k", "null", True, True)])
    assert s3.get_object(Bucket=versioned, Key="k", VersionId=kept)["Body"].read() == b"kept"
    assert put(s3, versioned, "k", b"3") is None
    assert [entry[1:] for entry in listed(s3, versioned)] == [("null", True, False), (kept, False, False)]


def test_many_versions_are_listed_page_by_page(s3, versioned):
    expected = []
    for key in ("a", "b", "c"):
        versions = [put(s3, versioned, key, bytes([number])) for number in range(7)]
        versions.append(s3.delete_object(Bucket=versioned, Key=key)["VersionId"])
        expected += [(key, version) for version in reversed(versions)]
    for size in (1, 3, 8, 24, 100):
        pages = s3.get_paginator("list_object_versions").paginate(
            Bucket=versioned, PaginationConfig={"PageSize": size})
        found: list[tuple[str, str]] = []
        for page in pages:
            entries = page.get("Versions", []) + page.get("DeleteMarkers", [])
            assert len(entries) <= size
            found += sorted(((entry["Key"], entry["VersionId"]) for entry in entries), key=expected.index)
        assert found == expected


def test_versions_are_listed_by_prefix_and_delimiter(s3, versioned):
    for key in ("a/1", "a/2", "b"):
        put(s3, versioned, key, b"")
    page = s3.list_object_versions(Bucket=versioned, Delimiter="/")
    assert [entry["Prefix"] for entry in page["CommonPrefixes"]] == ["a/"]
    assert [entry[0] for entry in listed(s3, versioned, Prefix="a/")] == ["a/1", "a/2"]


@pytest.mark.parametrize("quiet", [False, True])
def test_deleting_many_versions(s3, versioned, quiet):
    for key in ("a", "b"):
        put(s3, versioned, key, b"1")
    marked = s3.delete_objects(Bucket=versioned, Delete={"Objects": [{"Key": "a"}]})["Deleted"][0]
    assert marked["DeleteMarker"] is True and marked["DeleteMarkerVersionId"]
    entries = [{"Key": key, "VersionId": version} for key, version, *_ in listed(s3, versioned)]
    assert len(entries) == 3
    answer = s3.delete_objects(Bucket=versioned, Delete={"Objects": entries, "Quiet": quiet})
    assert "Errors" not in answer and len(answer.get("Deleted", [])) == (0 if quiet else 3)
    assert listed(s3, versioned) == []


def test_copying_a_version_brings_it_back(s3, versioned):
    first = put(s3, versioned, "k", b"1")
    put(s3, versioned, "k", b"2")
    source = {"Bucket": versioned, "Key": "k", "VersionId": first}
    copied = s3.copy_object(Bucket=versioned, Key="k", CopySource=source)
    assert copied["CopySourceVersionId"] == first and copied["VersionId"] not in (first, None)
    assert s3.get_object(Bucket=versioned, Key="k")["Body"].read() == b"1"


def test_conditions_look_at_the_current_version(s3, versioned, refused):
    put(s3, versioned, "k", b"1")
    refused("PreconditionFailed", 412, s3.put_object, Bucket=versioned, Key="k", Body=b"2", IfNoneMatch="*")
    s3.delete_object(Bucket=versioned, Key="k")
    refused("NoSuchKey", 404, s3.put_object, Bucket=versioned, Key="k", Body=b"2", IfMatch=etag(b"1"))
    assert s3.put_object(Bucket=versioned, Key="k", Body=b"2", IfNoneMatch="*")["VersionId"]
