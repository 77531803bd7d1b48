"""What the console answers beside the table of operations is what the OpenAPI document says."""

import jsonschema
import pytest

from harness.users import call, login


def answers(document: dict, path: str, method: str) -> dict:
    """The schema of what an operation answers, with all definitions at hand."""
    described = document["paths"][path][method]["responses"]["200"]["content"]["application/json"]["schema"]
    return {**described, "components": document["components"], "unevaluatedProperties": False}


@pytest.mark.parametrize(("method", "path", "filled"), [
    ("get", "/api/v1/status", "/status"),
    ("get", "/api/v1/workers", "/workers"),
    ("post", "/api/v1/workers/{worker}/{change}", "/workers/gc/run"),
    ("get", "/api/v1/scrubs", "/scrubs"),
    ("post", "/api/v1/scrubs/{change}", "/scrubs/start?node=node-1"),
])
def test_what_it_answers_is_what_is_described(server, bucket, s3, method, path, filled):
    s3.put_object(Bucket=bucket, Key="k", Body=b"k")
    token = login(server, "root", server.credentials.secret)
    document = call(server, "GET", "/openapi.json").json()
    told = call(server, method.upper(), filled, {} if method == "post" else None, token=token,
                headers={"x-planetstore-request": "test"})
    assert told.status == 200, told.body
    schema = answers(document, path, method)
    jsonschema.validate(told.json(), schema, cls=jsonschema.Draft202012Validator)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({}, schema, cls=jsonschema.Draft202012Validator)
