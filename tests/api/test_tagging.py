"""Tags of buckets and objects: stored per version, set by writes and copies, and used in conditions of policies."""

import pytest
from botocore.exceptions import ClientError

from harness.content import MIB
from harness.wire import object_path
from harness.world import document, statement


def tag_set(**tags: str) -> dict:
    return {"TagSet": [{"Key": key, "Value": value} for key, value in sorted(tags.items())]}


def tags_of(client, bucket: str, key: str, **options: str) -> dict[str, str]:
    answer = client.get_object_tagging(Bucket=bucket, Key=key, **options)
    return {tag["Key"]: tag["Value"] for tag in answer["TagSet"]}


def test_tags_of_an_object_are_set_read_and_taken_away(s3, bucket):
    stored = s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    assert tags_of(s3, bucket, "k") == {}
    s3.put_object_tagging(Bucket=bucket, Key="k", Tagging=tag_set(team="art", empty=""))
    assert tags_of(s3, bucket, "k") == {"team": "art", "empty": ""}
    for read in (s3.get_object, s3.head_object):
        answer = read(Bucket=bucket, Key="k")
        assert answer["ResponseMetadata"]["HTTPHeaders"]["x-amz-tagging-count"] == "2"
        assert answer["ETag"] == stored["ETag"]
    s3.put_object_tagging(Bucket=bucket, Key="k", Tagging=tag_set(team="film"))
    assert tags_of(s3, bucket, "k") == {"team": "film"}
    answer = s3.delete_object_tagging(Bucket=bucket, Key="k")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert tags_of(s3, bucket, "k") == {}
    assert "x-amz-tagging-count" not in s3.head_object(Bucket=bucket, Key="k")["ResponseMetadata"]["HTTPHeaders"]


def test_every_version_has_its_own_tags(s3, bucket, refused):
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket=bucket, Key="k", Body=b"1", Tagging="n=1")["VersionId"]
    second = s3.put_object(Bucket=bucket, Key="k", Body=b"2")["VersionId"]
    assert tags_of(s3, bucket, "k") == {}
    answer = s3.put_object_tagging(Bucket=bucket, Key="k", VersionId=first, Tagging=tag_set(n="one"))
    assert answer["VersionId"] == first
    assert tags_of(s3, bucket, "k", VersionId=first) == {"n": "one"}
    assert s3.put_object_tagging(Bucket=bucket, Key="k", Tagging=tag_set(n="two"))["VersionId"] == second
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["VersionId"] == second
    marker = s3.delete_object(Bucket=bucket, Key="k")["VersionId"]
    refused("MethodNotAllowed", 405, s3.get_object_tagging, Bucket=bucket, Key="k")
    refused("MethodNotAllowed", 405, s3.get_object_tagging, Bucket=bucket, Key="k", VersionId=marker)
    refused("MethodNotAllowed", 405, s3.put_object_tagging, Bucket=bucket, Key="k", VersionId=marker,
            Tagging=tag_set(n="3"))
    assert tags_of(s3, bucket, "k", VersionId=second) == {"n": "two"}


def test_writes_bring_tags(s3, bucket):
    s3.put_object(Bucket=bucket, Key="put", Body=b"x", Tagging="a=1&b%20c=%C3%BC&d")
    assert tags_of(s3, bucket, "put") == {"a": "1", "b c": "ü", "d": ""}
    s3.put_object(Bucket=bucket, Key="put", Body=b"x")
    assert tags_of(s3, bucket, "put") == {}, "an object that replaces another brings its own"
    upload = s3.create_multipart_upload(Bucket=bucket, Key="parts", Tagging="a=1")["UploadId"]
    part = s3.upload_part(Bucket=bucket, Key="parts", UploadId=upload, PartNumber=1, Body=b"x")
    s3.complete_multipart_upload(Bucket=bucket, Key="parts", UploadId=upload,
                                 MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]})
    assert tags_of(s3, bucket, "parts") == {"a": "1"}


def test_a_copy_takes_the_tags_along_or_brings_others(s3, bucket):
    s3.put_object(Bucket=bucket, Key="source", Body=b"x", Tagging="a=1")
    copy = {"Bucket": bucket, "CopySource": {"Bucket": bucket, "Key": "source"}}
    s3.copy_object(Key="same", **copy)
    assert tags_of(s3, bucket, "same") == {"a": "1"}
    s3.copy_object(Key="fresh", MetadataDirective="REPLACE", **copy)
    assert tags_of(s3, bucket, "fresh") == {"a": "1"}, "metadata and tags are replaced each by itself"
    s3.copy_object(Key="other", TaggingDirective="REPLACE", Tagging="b=2", **copy)
    assert tags_of(s3, bucket, "other") == {"b": "2"}
    s3.copy_object(Key="none", TaggingDirective="REPLACE", **copy)
    assert tags_of(s3, bucket, "none") == {}
    s3.copy_object(Key="source", TaggingDirective="REPLACE", Tagging="c=3", **copy)
    assert tags_of(s3, bucket, "source") == {"c": "3"}, "new tags are a change, so the copy onto itself is allowed"


@pytest.mark.parametrize("tags,code", [
    (tag_set(**{f"k{n}": "v" for n in range(11)}), "InvalidTag"),
    (tag_set(**{"k" * 129: "v"}), "InvalidTag"),
    (tag_set(k="v" * 257), "InvalidTag"),
    (tag_set(**{"aws:k": "v"}), "InvalidTag"),
    (tag_set(**{"k<": "v"}), "InvalidTag"),
    ({"TagSet": [{"Key": "k", "Value": "1"}, {"Key": "k", "Value": "2"}]}, "InvalidTag"),
])
def test_what_no_object_may_carry_is_refused(s3, bucket, refused, tags, code):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", Tagging="kept=yes")
    refused(code, 400, s3.put_object_tagging, Bucket=bucket, Key="k", Tagging=tags)
    assert tags_of(s3, bucket, "k") == {"kept": "yes"}


@pytest.mark.parametrize("header,code", [
    ("&".join(f"k{n}=v" for n in range(11)), "InvalidTag"), ("a=1&a=2", "InvalidArgument"), ("%FF=1", "InvalidArgument"),
])
def test_tags_of_a_write_are_checked_before_its_body(wire, bucket, header, code):
    answer = wire.request("PUT", object_path(bucket, "k"), headers={"x-amz-tagging": header}, body=b"x")
    assert (answer.status, answer.code) == (400, code)
    assert wire.get(bucket, "k").status == 404


def test_tags_of_a_bucket(s3, bucket, refused):
    refused("NoSuchTagSet", 404, s3.get_bucket_tagging, Bucket=bucket)
    tags = tag_set(**{f"k{n:02}": "v" for n in range(50)})
    s3.put_bucket_tagging(Bucket=bucket, Tagging=tags)
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == tags["TagSet"]
    refused("InvalidTag", 400, s3.put_bucket_tagging, Bucket=bucket,
            Tagging=tag_set(**{f"k{n:02}": "v" for n in range(51)}))
    assert len(s3.get_bucket_tagging(Bucket=bucket)["TagSet"]) == 50
    s3.delete_bucket_tagging(Bucket=bucket)
    refused("NoSuchTagSet", 404, s3.get_bucket_tagging, Bucket=bucket)
    s3.delete_bucket_tagging(Bucket=bucket)
    refused("NoSuchBucket", 404, s3.get_bucket_tagging, Bucket="not-there-at-all")


# Rights


def test_who_may_not_read_tags_does_not_learn_their_number(world):
    bucket = world.bucket()
    world["owner"].put_object(Bucket=bucket, Key="k", Body=b"x", Tagging="a=1")
    world.grant(bucket, ["s3:GetObject"])
    other = world["other account"]
    assert "x-amz-tagging-count" not in other.get_object(Bucket=bucket, Key="k")["ResponseMetadata"]["HTTPHeaders"]
    world.grant(bucket, ["s3:GetObject", "s3:GetObjectTagging"])
    assert other.get_object(Bucket=bucket, Key="k")["ResponseMetadata"]["HTTPHeaders"]["x-amz-tagging-count"] == "1"


def test_a_copy_needs_the_rights_to_the_tags_it_takes_along(world, refused):
    source, target = world.bucket(), world.bucket()
    owner, other = world["owner"], world["other account"]
    owner.put_object(Bucket=source, Key="plain", Body=b"x")
    owner.put_object(Bucket=source, Key="tagged", Body=b"x", Tagging="a=1")

    def copy(key: str, **options: str) -> dict:
        return {"Bucket": target, "Key": key, "CopySource": {"Bucket": source, "Key": key}, **options}

    world.grant(source, ["s3:GetObject"])
    world.grant(target, ["s3:PutObject", "s3:PutObjectTagging"])
    other.copy_object(**copy("plain"))
    refused("AccessDenied", 403, other.copy_object, **copy("tagged"))
    other.copy_object(**copy("tagged", TaggingDirective="REPLACE", Tagging="b=2"))
    world.grant(source, ["s3:GetObject", "s3:GetObjectTagging"])
    other.copy_object(**copy("tagged"))
    assert tags_of(owner, target, "tagged") == {"a": "1"}
    world.grant(target, ["s3:PutObject"])
    refused("AccessDenied", 403, other.copy_object, **copy("tagged"))
    refused("AccessDenied", 403, other.copy_object, **copy("tagged", TaggingDirective="REPLACE", Tagging="b=2"))


# Conditions


def allow(world, bucket: str, actions: list[str], condition: dict, *more: dict) -> None:
    principal = {"AWS": f"arn:aws:iam:::user/{world.people['other account'].name}"}
    world["owner"].put_bucket_policy(Bucket=bucket, Policy=document(
        statement("Allow", actions, bucket, Principal=principal, Condition=condition), *more))


def test_policies_ask_for_the_tags_that_an_object_has(world, refused):
    bucket = world.bucket()
    owner, other = world["owner"], world["other account"]
    owner.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    old = owner.put_object(Bucket=bucket, Key="k", Body=b"old", Tagging="open=yes")["VersionId"]
    owner.put_object(Bucket=bucket, Key="k", Body=b"new", Tagging="open=no")
    owner.put_object(Bucket=bucket, Key="open", Body=b"open", Tagging="open=yes")
    owner.put_object(Bucket=bucket, Key="plain", Body=b"plain")
    allow(world, bucket, ["s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectTagging", "s3:DeleteObjectTagging"],
          {"StringEquals": {"s3:ExistingObjectTag/open": "yes"}})
    assert other.get_object(Bucket=bucket, Key="open")["Body"].read() == b"open"
    assert other.get_object(Bucket=bucket, Key="k", VersionId=old)["Body"].read() == b"old"
    for key in ("k", "plain", "absent"):
        refused("AccessDenied", 403, other.get_object, Bucket=bucket, Key=key)
        refused("AccessDenied", 403, other.get_object_tagging, Bucket=bucket, Key=key)
        refused("AccessDenied", 403, other.delete_object_tagging, Bucket=bucket, Key=key)
    refused("AccessDenied", 403, other.copy_object, Bucket=world.bucket(owner="other account"), Key="copy",
            CopySource={"Bucket": bucket, "Key": "k"})
    other.delete_object_tagging(Bucket=bucket, Key="open")
    refused("AccessDenied", 403, other.get_object, Bucket=bucket, Key="open")


def test_a_tag_can_close_an_object_to_its_owner(world, refused):
    bucket = world.bucket()
    owner = world["owner"]
    owner.put_object(Bucket=bucket, Key="k", Body=b"x", Tagging="virus=yes")
    deny = statement("Deny", "s3:GetObject", bucket, Principal="*",
                     Condition={"StringEquals": {"s3:ExistingObjectTag/virus": "yes"}})
    owner.put_bucket_policy(Bucket=bucket, Policy=document(deny))
    refused("AccessDenied", 403, owner.get_object, Bucket=bucket, Key="k")
    owner.put_object_tagging(Bucket=bucket, Key="k", Tagging=tag_set(virus="no"))
    owner.get_object(Bucket=bucket, Key="k")


def test_policies_ask_for_the_tags_that_a_request_brings(world, refused):
    bucket = world.bucket()
    owner, other = world["owner"], world["other account"]
    allow(world, bucket, ["s3:PutObject", "s3:PutObjectTagging"],
          {"StringEquals": {"s3:RequestObjectTag/team": "art"},
           "ForAllValues:StringLike": {"s3:RequestObjectTagKeys": ["team", "free-*"]}})
    put = {"Bucket": bucket, "Key": "k", "Body": b"x"}
    for tags in ("", "team=film", "team=art&paid=1"):
        refused("AccessDenied", 403, other.put_object, Tagging=tags, **put)
        refused("AccessDenied", 403, other.create_multipart_upload, Bucket=bucket, Key="k", Tagging=tags)
    other.put_object(Tagging="team=art&free-1=x", **put)
    # The tags are in the document, so it is read first, and nothing changes if they are the wrong ones.
    tagging = {"Bucket": bucket, "Key": "k"}
    refused("AccessDenied", 403, other.put_object_tagging, Tagging=tag_set(team="film"), **tagging)
    refused("AccessDenied", 403, other.put_object_tagging, Tagging=tag_set(team="art", paid="1"), **tagging)
    assert tags_of(owner, bucket, "k") == {"team": "art", "free-1": "x"}
    other.put_object_tagging(Tagging=tag_set(team="art"), **tagging)
    assert tags_of(owner, bucket, "k") == {"team": "art"}
    with pytest.raises(ClientError):
        world["anonymous"].put_object_tagging(Tagging=tag_set(team="art"), **tagging)


def test_tags_that_a_document_brings_can_be_denied(world, refused):
    bucket = world.bucket()
    owner = world["owner"]
    owner.put_object(Bucket=bucket, Key="k", Body=b"x")
    deny = statement("Deny", "s3:PutObjectTagging", bucket, Principal="*",
                     Condition={"StringNotEquals": {"s3:RequestObjectTag/team": "art"}})
    owner.put_bucket_policy(Bucket=bucket, Policy=document(deny))
    refused("AccessDenied", 403, owner.put_object_tagging, Bucket=bucket, Key="k", Tagging=tag_set(team="film"))
    owner.put_object_tagging(Bucket=bucket, Key="k", Tagging=tag_set(team="art"))
    assert tags_of(owner, bucket, "k") == {"team": "art"}


def test_tags_survive_large_objects(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x" * (3 * MIB), Tagging="a=1")
    assert tags_of(s3, bucket, "k") == {"a": "1"}
