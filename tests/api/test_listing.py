"""Listings: pages, prefixes, delimiters, encodings, both versions of the call."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.content import etag


@pytest.fixture(scope="module")
def many(server, s3) -> tuple[str, list[str]]:
    """A bucket with more keys than fit in a page."""
    name = "bucket-many"
    s3.create_bucket(Bucket=name)
    keys = [f"{folder}/{number:04}" for folder in ("a", "b", "c") for number in range(420)]

    def put(share: list[str]) -> None:
        wire = server.wire()
        for key in share:
            assert wire.put(name, key, key.encode()).status == 200
        wire.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, [keys[start::8] for start in range(8)]))
    return name, keys


@pytest.mark.parametrize("operation", ["list_objects", "list_objects_v2"])
@pytest.mark.parametrize("size", [1000, 333])
def test_pages_hold_every_key_once_in_order(s3, many, operation, size):
    name, keys = many
    pages = s3.get_paginator(operation).paginate(Bucket=name, PaginationConfig={"PageSize": size})
    found = [entry for page in pages for entry in page.get("Contents", [])]
    assert [entry["Key"] for entry in found] == keys
    assert all(entry["ETag"] == etag(entry["Key"].encode()) and entry["Size"] == len(entry["Key"]) for entry in found)


def test_a_page_says_what_it_is(s3, many):
    name, keys = many
    page = s3.list_objects_v2(Bucket=name)
    assert (page["KeyCount"], page["MaxKeys"], page["IsTruncated"]) == (1000, 1000, True)
    rest = s3.list_objects_v2(Bucket=name, ContinuationToken=page["NextContinuationToken"])
    assert rest["ContinuationToken"] == page["NextContinuationToken"]
    assert (rest["KeyCount"], rest["IsTruncated"], "NextContinuationToken" in rest) == (260, False, False)
    exact = s3.list_objects_v2(Bucket=name, Prefix="c/", MaxKeys=420)
    assert (exact["KeyCount"], exact["IsTruncated"]) == (420, False)
    none = s3.list_objects_v2(Bucket=name, MaxKeys=0)
    assert (none["KeyCount"], none["IsTruncated"]) == (0, False)


def test_start_after_and_marker(s3, many):
    name, keys = many
    for first in ("b/0100", "b/01000", "", "zzz", "a"):
        expected = [key for key in keys if key > first][:5]
        listed = s3.list_objects_v2(Bucket=name, StartAfter=first, MaxKeys=5)
        assert [entry["Key"] for entry in listed.get("Contents", [])] == expected
        listed = s3.list_objects(Bucket=name, Marker=first, MaxKeys=5)
        assert [entry["Key"] for entry in listed.get("Contents", [])] == expected


def test_delimiters_roll_up_across_pages(s3, many):
    name, _ = many
    rolled = s3.list_objects_v2(Bucket=name, Delimiter="/")
    assert [entry["Prefix"] for entry in rolled["CommonPrefixes"]] == ["a/", "b/", "c/"]
    assert (rolled["KeyCount"], "Contents" in rolled) == (3, False)
    for operation in ("list_objects", "list_objects_v2"):
        pages = list(s3.get_paginator(operation).paginate(Bucket=name, Delimiter="/", PaginationConfig={"PageSize": 1}))
        assert [page["CommonPrefixes"][0]["Prefix"] for page in pages] == ["a/", "b/", "c/"]


@pytest.fixture(scope="module")
def tree(s3) -> str:
    name = "bucket-tree"
    s3.create_bucket(Bucket=name)
    for key in ("a", "a/", "a/b", "a/b/c", "a//d", "b", "x y/z+", "x y/ü", "z"):
        s3.put_object(Bucket=name, Key=key, Body=b"")
    return name


@pytest.mark.parametrize("operation", ["list_objects", "list_objects_v2"])
@pytest.mark.parametrize("prefix,delimiter,keys,prefixes", [
    ("", "/", ["a", "b", "z"], ["a/", "x y/"]),
    ("a/", "/", ["a/", "a/b"], ["a//", "a/b/"]),
    ("a", "", ["a", "a/", "a//d", "a/b", "a/b/c"], []),
    ("a/b", "/", ["a/b"], ["a/b/"]),
    ("x y/", "/", ["x y/z+", "x y/ü"], []),
    ("x", "y/", [], ["x y/"]),
    ("nothing", "/", [], []),
    ("", "b", ["a", "a/", "a//d", "x y/z+", "x y/ü", "z"], ["a/b", "b"]),
])
def test_prefix_and_delimiter(s3, tree, operation, prefix, delimiter, keys, prefixes):
    page = getattr(s3, operation)(Bucket=tree, Prefix=prefix, Delimiter=delimiter)
    assert [entry["Key"] for entry in page.get("Contents", [])] == keys
    assert [entry["Prefix"] for entry in page.get("CommonPrefixes", [])] == prefixes


def test_a_prefix_whose_keys_are_deleted_is_gone(s3, versioned):
    s3.put_object(Bucket=versioned, Key="gone/k", Body=b"")
    s3.put_object(Bucket=versioned, Key="kept/k", Body=b"")
    s3.delete_object(Bucket=versioned, Key="gone/k")
    page = s3.list_objects_v2(Bucket=versioned, Delimiter="/")
    assert [entry["Prefix"] for entry in page["CommonPrefixes"]] == ["kept/"]


def test_the_owner_is_shown_where_it_is_asked_for(s3, tree):
    assert "Owner" not in s3.list_objects_v2(Bucket=tree)["Contents"][0]
    assert s3.list_objects_v2(Bucket=tree, FetchOwner=True)["Contents"][0]["Owner"]["ID"]
    assert s3.list_objects(Bucket=tree)["Contents"][0]["Owner"]["ID"]


def test_times_are_the_same_in_listing_and_head(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    listed = s3.list_objects_v2(Bucket=bucket)["Contents"][0]["LastModified"]
    head = s3.head_object(Bucket=bucket, Key="k")["LastModified"]
    assert listed.replace(microsecond=0) == head


def test_keys_are_spelled_plainly_unless_asked_otherwise(wire, tree):
    plain = wire.request("GET", f"/{tree}", "prefix=x%20y")
    assert plain.texts("Contents/Key") == ["x y/z+", "x y/ü"]
    assert plain.text("EncodingType") == ""
    encoded = wire.request("GET", f"/{tree}", "encoding-type=url&list-type=2&prefix=x%20y%2Fz")
    assert encoded.texts("Contents/Key") in (["x%20y/z%2B"], ["x+y/z%2B"], ["x%20y%2Fz%2B"])
    assert encoded.text("EncodingType") == "url"


def test_the_prefix_comes_back_as_it_was_asked(s3, wire, bucket):
    """Version 1 returns it unencoded where decoding it again would change nothing, because botocore does not decode it
    there.
    """
    for prefix in ("", "a/b c", "new\nline", "tab\t"):
        assert s3.list_objects(Bucket=bucket, Prefix=prefix)["Prefix"] == prefix
    for encoded in ("100%25", "a%2Bb", "%C3%A9", "%01"):
        answer = wire.request("GET", f"/{bucket}", f"encoding-type=url&prefix={encoded}")
        assert answer.text("Prefix") == encoded
    for prefix in ("a/b c", "new\nline", "100%", "a+b", "é"):
        assert s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Prefix"] == prefix
