"""Settings that no bucket has here, requested like Terraform and dashboards do, and answered like an AWS bucket that
was never configured.
"""

import pytest

KINDS = ["analytics", "inventory", "metrics", "intelligent_tiering"]


def test_what_is_not_there_has_its_own_code(s3, bucket, refused):
    ask = {"Bucket": bucket}
    refused("NoSuchWebsiteConfiguration", 404, s3.get_bucket_website, **ask)
    s3.put_object(**ask, Key="k", Body=b"x")
    refused("NoSuchKey", 404, s3.get_object_torrent, **ask, Key="k")
    for kind in KINDS:
        refused("NoSuchConfiguration", 404, getattr(s3, f"get_bucket_{kind}_configuration"), **ask, Id="1")
    refused("NoSuchBucket", 404, s3.get_bucket_website, Bucket=f"{bucket}-absent")


def test_what_is_empty_is_an_empty_document(s3, bucket):
    def said(answer: dict) -> dict:
        return {name: value for name, value in answer.items() if name != "ResponseMetadata"}

    assert said(s3.get_bucket_notification_configuration(Bucket=bucket)) == {}
    assert said(s3.get_bucket_logging(Bucket=bucket)) == {}
    assert said(s3.get_bucket_accelerate_configuration(Bucket=bucket)) == {}
    assert said(s3.get_bucket_request_payment(Bucket=bucket)) == {"Payer": "BucketOwner"}
    for kind in KINDS:
        page = getattr(s3, f"list_bucket_{kind}_configurations")(Bucket=bucket)
        assert said(page) == {"IsTruncated": False}


def test_taking_away_what_is_not_there_is_done(s3, bucket):
    for delete in (s3.delete_bucket_website,):
        assert delete(Bucket=bucket)["ResponseMetadata"]["HTTPStatusCode"] == 204
    for kind in KINDS:
        answer = getattr(s3, f"delete_bucket_{kind}_configuration")(Bucket=bucket, Id="1")
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204


def test_only_what_changes_nothing_may_be_written(s3, bucket, refused):
    accelerate = s3.put_bucket_accelerate_configuration
    accelerate(Bucket=bucket, AccelerateConfiguration={"Status": "Suspended"})
    refused("NotImplemented", 501, accelerate, Bucket=bucket, AccelerateConfiguration={"Status": "Enabled"})
    pays = s3.put_bucket_request_payment
    pays(Bucket=bucket, RequestPaymentConfiguration={"Payer": "BucketOwner"})
    refused("NotImplemented", 501, pays, Bucket=bucket, RequestPaymentConfiguration={"Payer": "Requester"})
    notify = s3.put_bucket_notification_configuration
    notify(Bucket=bucket, NotificationConfiguration={})
    said = refused("NotImplemented", 501, notify, Bucket=bucket,
                   NotificationConfiguration={"EventBridgeConfiguration": {}})
    assert "target" in said["Error"]["Message"]


@pytest.mark.parametrize(("query", "advice"), [
    ("website=", "web server"), ("analytics=&id=1", "/metrics"),
    ("inventory=&id=1", "/metrics"), ("metrics=&id=1", "/metrics"), ("intelligent-tiering=&id=1", "storage classes"),
])
def test_what_cannot_be_configured_says_what_to_do_instead(wire, bucket, query, advice):
    answer = wire.request("PUT", f"/{bucket}", query, {}, b"<Configuration/>")
    assert (answer.status, answer.code) == (501, "NotImplemented")
    assert advice in answer.text("Message")
