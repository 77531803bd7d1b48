"""Users of every kind, their clients, and buckets they own."""

import itertools
import json
from dataclasses import dataclass

import boto3
from botocore import UNSIGNED
from botocore.config import Config

from .clients import boto_client
from .server import Server
from .users import User, Users
from .wire import REGION

_numbers = itertools.count(1)

# A public access block with one of its four settings on.
PUBLIC_ACCESS = {"BlockPublicAcls": True, "IgnorePublicAcls": False, "BlockPublicPolicy": False,
                 "RestrictPublicBuckets": False}

EVERYONE = "http://acs.amazonaws.com/groups/global/AllUsers"


def bucket_arn(bucket: str) -> str:
    return f"arn:aws:s3:::{bucket}"


def statement(effect: str, actions: str | list[str], bucket: str = "*", key: str = "*", **more: object) -> dict:
    """A statement about a bucket and the keys in it."""
    resources = [bucket_arn(bucket), f"{bucket_arn(bucket)}/{key}"]
    return {"Effect": effect, "Action": actions, "Resource": resources, **more}


def document(*statements: dict) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


READS = ["s3:ListAllMyBuckets", "s3:ListBucket", "s3:ListBucketVersions", "s3:GetBucketLocation", "s3:GetObject",
         "s3:GetObjectVersion"]
WRITES = ["s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:AbortMultipartUpload",
          "s3:ListMultipartUploadParts", "s3:ListBucketMultipartUploads"]
OWNS = ["s3:CreateBucket", "s3:ListAllMyBuckets"]


@dataclass
class World:
    """The users of the access tests, and their clients."""

    users: Users
    people: dict[str, User]
    clients: dict[str, object]

    def __getitem__(self, role: str):
        return self.clients[role]

    def bucket(self, *, owner: str = "owner", **options: object) -> str:
        """A new bucket of the owner, or of another user."""
        name = self.fresh()
        self.clients[owner].create_bucket(Bucket=name, **options)
        return name

    def grant(self, bucket: str, actions: list[str], key: str = "*", condition: dict | None = None) -> None:
        """Grants the other account a right in a bucket of the owner, with its policy."""
        more = {"Condition": condition} if condition else {}
        principal = {"AWS": f"arn:aws:iam:::user/{self.people['other account'].name}"}
        self.clients["owner"].put_bucket_policy(
            Bucket=bucket, Policy=document(statement("Allow", actions, bucket, key, Principal=principal, **more)))

    def fresh(self) -> str:
        """A bucket name that is not in use."""
        return f"access-{next(_numbers)}"


def anonymous_client(server: Server):
    return boto3.client("s3", endpoint_url=server.endpoint, region_name=REGION, config=Config(
        signature_version=UNSIGNED, s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}))


def populate(server: Server) -> World:
    """Creates the users."""
    users = Users(server)
    users.store_policy("access-reads", document({"Effect": "Allow", "Action": READS, "Resource": "*"}))
    users.store_policy("access-writes", document({"Effect": "Allow", "Action": WRITES, "Resource": "*"}))
    people = {
        "no rights": users.create("access-nothing"),
        "wrong action": users.create("access-wrong"),
        "reader": users.create("access-reader", policies=["access-reads"]),
        "writer": users.create("access-writer", policies=["access-writes"]),
        "owner": users.create("access-owner", policies=["bucketowner"], email="owner@example.com"),
        "other account": users.create("access-other", policies=["bucketowner"], email="other@example.com"),
        "admin": users.create("access-admin", role="admin"),
    }
    clients = {role: boto_client(server, credentials=user.credentials) for role, user in people.items()}
    return World(users, people, {**clients, "anonymous": anonymous_client(server), "root": boto_client(server)})
