"""docs/s3-compatibility.md, compared with the store and with the SDK's list of operations."""

import re
import sys
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from harness.clients import boto_client

sys.path.append(str(Path(__file__).parents[1] / "compatibility"))

from comparison import functions, table  # noqa: E402
from known import DOCUMENT, known_failures  # noqa: E402
from suite import Outcome, cases, short  # noqa: E402

STATES = dict(re.findall(r"^\| (\w+) \| (works|partial|501) \|", DOCUMENT.read_text(), re.MULTILINE))

# Older names of operations in the table, which the SDK still has.
SUPERSEDED = {"GetBucketLifecycle", "GetBucketNotification", "PutBucketLifecycle", "PutBucketNotification"}

# The SDK sends these to other hosts, or only after an operation that is not supported.
UNREACHABLE = {"WriteGetObjectResponse", "ListDirectoryBuckets", "CreateSession"}

NOT_BUILT = sorted(name for name, state in STATES.items() if state == "501" and name not in UNREACHABLE)


def test_every_operation_of_the_sdk_is_in_the_table(s3):
    theirs = set(s3.meta.service_model.operation_names)
    assert theirs - SUPERSEDED <= set(STATES)


def sample(shape, place: dict[str, str], name: str = "") -> object:
    """The smallest value that the SDK accepts for a shape."""
    if name in place:
        return place[name]
    match shape.type_name:
        case "structure":
            wanted = shape.required_members or list(shape.members)[:1]
            return {member: sample(shape.members[member], place, member) for member in wanted}
        case "list":
            return [sample(shape.member, place)]
        case "map":
            return {}
        case "string":
            return shape.enum[0] if shape.enum else "x" * shape.metadata.get("min", 1)
        case "boolean":
            return True
        case "timestamp":
            return "2030-01-01T00:00:00Z"
        case "blob":
            return b"x"
        case _:
            return 1


@pytest.mark.parametrize("name", NOT_BUILT)
def test_what_is_said_not_to_be_built_answers_so(server, bucket, name):
    s3 = boto_client(server)
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    shape = s3.meta.service_model.operation_model(name).input_shape
    call = getattr(s3, next(method for method, operation in s3.meta.method_to_api_mapping.items() if operation == name))
    with pytest.raises(ClientError) as caught:
        call(**sample(shape, {"Bucket": bucket, "Key": "k"}))
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501, caught.value


def test_the_known_failures_are_cases_of_their_tiers():
    for tier, failures in known_failures().items():
        functions = {short(node) for node in cases(tier)}
        for case, reason in failures.items():
            assert case.partition("[")[0] in functions, case
            assert len(reason) > 10, case


def test_a_function_passed_when_all_its_cases_did():
    """The table also has a row for this run, beside the peers."""
    outcomes = {1: Outcome(passed={"m::one", "m::many[a]", "m::all[a]", "m::all[b]"}, failed={"m::many[b]": "no"}),
                3: Outcome(passed={"m::three"}, failed={"m::four": "no"})}
    assert functions(outcomes) == 3
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in table("ours", outcomes).splitlines()]
    assert rows[2:4] == [["cases there are", "5", "not run", "2", ""], ["ours", "4", "", "1", "3"]]
    assert {len(row) for row in rows} == {5} and any(row[0].startswith("SeaweedFS") for row in rows[4:])
