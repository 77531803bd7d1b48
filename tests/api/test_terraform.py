"""The bucket requests of Terraform's AWS provider since its version 6.23: tags by S3 Control, tags at creation, and the
minimum size for transitions. The requests come from its source and are sent with another SDK.
"""

import threading

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from harness.clients import boto_client
from harness.wire import REGION, encode
from harness.world import document, statement

ACCOUNT = "000000000000"
MINIMUM = "TransitionDefaultMinimumObjectSize"
RULES = {"Rules": [{"ID": "a", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}]}


@pytest.fixture
def control(server):
    """S3 Control of the server."""
    return control_of(server, server.credentials)


def control_of(server, credentials):
    client = boto3.client(
        "s3control", endpoint_url=server.endpoint, region_name=REGION, aws_access_key_id=credentials.access,
        aws_secret_access_key=credentials.secret, config=Config(retries={"total_max_attempts": 1}))
    client.meta.events.register("before-sign", without_account)
    return client


def without_account(request, **_: object) -> None:
    """The SDK puts the account before the host, which an IP address cannot have."""
    request.url = request.url.replace(f"//{ACCOUNT}.", "//", 1)


def arn(bucket: str) -> dict[str, str]:
    return {"AccountId": ACCOUNT, "ResourceArn": f"arn:aws:s3:::{bucket}"}


def tags(**pairs: str) -> list[dict[str, str]]:
    return [{"Key": name, "Value": value} for name, value in pairs.items()]


def test_a_bucket_with_tags_is_made_read_and_changed(s3, control, bucket):
    name = f"{bucket}-tagged"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"Tags": tags(team="art", env="dev")})
    assert control.list_tags_for_resource(**arn(name))["Tags"] == tags(env="dev", team="art")
    assert s3.get_bucket_tagging(Bucket=name)["TagSet"] == tags(env="dev", team="art")
    control.untag_resource(**arn(name), TagKeys=["team", "absent"])
    control.tag_resource(**arn(name), Tags=tags(env="test", more=""))
    assert control.list_tags_for_resource(**arn(name))["Tags"] == tags(env="test", more="")
    control.untag_resource(**arn(name), TagKeys=["env", "more"])
    assert control.list_tags_for_resource(**arn(name))["Tags"] == []
    with pytest.raises(ClientError) as caught:
        s3.get_bucket_tagging(Bucket=name)
    assert caught.value.response["Error"]["Code"] == "NoSuchTagSet"


def test_a_bucket_that_is_made_again_keeps_its_tags(s3, bucket, refused):
    name = f"{bucket}-again"
    made = {"Bucket": name, "CreateBucketConfiguration": {"Tags": tags(a="1")}}
    s3.create_bucket(**made)
    s3.create_bucket(**made)
    refused("BucketAlreadyOwnedByYou", 409, s3.create_bucket, Bucket=name,
            CreateBucketConfiguration={"Tags": tags(a="2")})
    assert s3.get_bucket_tagging(Bucket=name)["TagSet"] == tags(a="1")


def test_a_rebuild_brings_both_back(make_server):
    """The facts contain them, so a projection that is rebuilt from the log has them too."""
    server = make_server().start()
    s3 = boto_client(server)
    s3.create_bucket(Bucket="bucket", CreateBucketConfiguration={"Tags": tags(a="1")})
    s3.put_bucket_lifecycle_configuration(
        Bucket="bucket", LifecycleConfiguration=RULES, **{MINIMUM: "varies_by_storage_class"})
    server.stop()
    (server.data / "ledger.redb").unlink()
    server.start()
    s3 = boto_client(server)
    assert control_of(server, server.credentials).list_tags_for_resource(**arn("bucket"))["Tags"] == tags(a="1")
    assert s3.get_bucket_lifecycle_configuration(Bucket="bucket")[MINIMUM] == "varies_by_storage_class"


def test_tags_that_none_may_be(control, bucket, refused):
    for wrong in (tags(**{"aws:a": "1"}), tags(**{"a<": "1"}), tags(**{"a" * 128: "v" * 257})):
        refused("InvalidTag", 400, control.tag_resource, **arn(bucket), Tags=wrong)
    control.tag_resource(**arn(bucket), Tags=tags(**{f"t{number}": "" for number in range(50)}))
    refused("InvalidTag", 400, control.tag_resource, **arn(bucket), Tags=tags(more=""))
    control.tag_resource(**arn(bucket), Tags=tags(t0="again"))
    assert len(control.list_tags_for_resource(**arn(bucket))["Tags"]) == 50


def test_who_tags_at_once_loses_nothing(server, bucket):
    clients = [control_of(server, server.credentials) for _ in range(12)]

    def tag(number: int) -> None:
        clients[number].tag_resource(**arn(bucket), Tags=tags(**{f"t{number}": ""}))

    threads = [threading.Thread(target=tag, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = clients[0].list_tags_for_resource(**arn(bucket))["Tags"]
    assert {tag["Key"] for tag in found} == {f"t{number}" for number in range(12)}


def test_resources_as_they_may_be_named(control, bucket, refused):
    control.tag_resource(**arn(bucket), Tags=tags(a="1"))
    long = {"AccountId": ACCOUNT, "ResourceArn": f"arn:aws:s3:{REGION}:{ACCOUNT}:bucket/{bucket}"}
    assert control.list_tags_for_resource(**long)["Tags"] == tags(a="1")
    refused("NoSuchBucket", 404, control.list_tags_for_resource, **arn("bucket-nowhere"))
    point = f"arn:aws:s3:{REGION}:{ACCOUNT}:accesspoint/p"
    refused("NotImplemented", 501, control.list_tags_for_resource, AccountId=ACCOUNT, ResourceArn=point)
    refused("NotImplemented", 501, control.get_public_access_block, AccountId=ACCOUNT)


def test_the_wire_of_s3_control(wire, bucket):
    """With the account before the host, as SDKs send it; and with an envelope around errors, as the Go SDK parses it.
    """
    path, account = f"/v20180820/tags/{encode(f'arn:aws:s3:::{bucket}')}", {"x-amz-account-id": ACCOUNT}
    port = wire.address.rpartition(":")[2]
    for host in (wire.address, f"{ACCOUNT}.localhost:{port}"):
        body = b'<TagResourceRequest xmlns="http://awss3control.amazonaws.com/doc/2018-08-20/"><Tags><Tag><Key>a b</Key>' \
               b"<Value>1</Value></Tag></Tags></TagResourceRequest>"
        answer = wire.request("POST", path, headers={"host": host, **account}, body=body)
        assert (answer.status, answer.body) == (204, b""), host
        answer = wire.request("GET", path, headers={"host": host, **account})
        assert (answer.xml().tag, answer.text("Tags/Tag/Key")) == ("ListTagsForResourceResult", "a b"), host
        answer = wire.request("DELETE", path, "tagKeys=a%20b&tagKeys=c", headers={"host": host, **account})
        assert (answer.status, answer.body) == (204, b""), host
    assert wire.request("DELETE", path, headers=account).text("Error/Code") == "InvalidRequest"
    refused = wire.request("PUT", path, headers=account)
    assert (refused.status, refused.xml().tag, refused.text("Error/Code")) == (405, "ErrorResponse", "MethodNotAllowed")
    assert refused.text("RequestId") == refused.headers["x-amz-request-id"]
    # Without an account it is an object in a bucket of that name.
    assert wire.request("GET", path).code == "NoSuchBucket"


def test_the_minimum_for_transitions_is_kept(s3, bucket):
    put = s3.put_bucket_lifecycle_configuration
    assert put(Bucket=bucket, LifecycleConfiguration=RULES)[MINIMUM] == "all_storage_classes_128K"
    assert s3.get_bucket_lifecycle_configuration(Bucket=bucket)[MINIMUM] == "all_storage_classes_128K"
    for value in ("varies_by_storage_class", "all_storage_classes_128K", "varies_by_storage_class"):
        assert put(Bucket=bucket, LifecycleConfiguration=RULES, **{MINIMUM: value})[MINIMUM] == value
        assert s3.get_bucket_lifecycle_configuration(Bucket=bucket)[MINIMUM] == value
    with pytest.raises(ClientError) as caught:
        put(Bucket=bucket, LifecycleConfiguration=RULES, **{MINIMUM: "none"})
    assert caught.value.response["Error"]["Code"] == "InvalidArgument"
    s3.delete_bucket_lifecycle(Bucket=bucket)
    assert put(Bucket=bucket, LifecycleConfiguration=RULES)[MINIMUM] == "all_storage_classes_128K"


def test_tags_from_the_start_may_be_denied(world):
    world.users.store_policy("no-tags-from-the-start", document(
        statement("Allow", "s3:*"), statement("Deny", "s3:TagResource")))
    world.users.attach("no-tags-from-the-start", world.people["wrong action"])
    made = {"Bucket": world.fresh(), "CreateBucketConfiguration": {"Tags": tags(a="1")}}
    with pytest.raises(ClientError) as caught:
        world["wrong action"].create_bucket(**made)
    assert caught.value.response["Error"]["Code"] == "AccessDenied"
    world.users.detach("no-tags-from-the-start", world.people["wrong action"])
    world["owner"].create_bucket(**made)
