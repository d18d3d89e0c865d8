"""A signed request for an object is the one that Amazon's own library signs."""

import datetime as dt
import hashlib

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from modelyard_server.adapters.sources import signing
from modelyard_server.monitoring.outcome_source_schemas import BucketPlace

AT = dt.datetime(2026, 11, 27, 8, 30, 15, tzinfo=dt.UTC)


@pytest.mark.parametrize("endpoint", [None, "https://s3.example.com:9000", "https://a.example.com"])
@pytest.mark.parametrize("key", ["labels.csv", "2026/labels of ü & +=~.csv", "a//b/../c"])
def test_the_signature_is_that_of_botocore(endpoint: str | None, key: str) -> None:
    place = BucketPlace(
        kind="s3",
        endpoint=endpoint,
        region="eu-central-1",
        bucket="labels",
        object=key,
        access_key_id="AKIDEXAMPLE",
        secret_access_key="a secret",
    )
    theirs = S3SigV4Auth(Credentials("AKIDEXAMPLE", "a secret"), "s3", "eu-central-1")
    request = AWSRequest("GET", signing.address(place))
    request.context["timestamp"] = request.headers["X-Amz-Date"] = AT.strftime("%Y%m%dT%H%M%SZ")
    request.headers["X-Amz-Content-SHA256"] = hashlib.sha256(b"").hexdigest()
    text = theirs.string_to_sign(request, theirs.canonical_request(request))

    ours = signing.headers(place, AT)

    assert ours["Authorization"].endswith(f"Signature={theirs.signature(text, request)}")
