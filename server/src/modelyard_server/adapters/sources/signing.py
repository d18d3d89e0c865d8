"""Signs a GET of an object for an S3-compatible store.

Source: "AWS Signature Version 4 for API requests", AWS Identity and Access Management User Guide.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from urllib.parse import quote, urlsplit

from modelyard_server.monitoring.outcome_source_schemas import BucketPlace

_NOTHING = hashlib.sha256(b"").hexdigest()
_SIGNED = "host;x-amz-content-sha256;x-amz-date"


def address(place: BucketPlace) -> str:
    """Give the object's address, with the bucket in the path."""
    endpoint = place.endpoint or f"https://s3.{place.region}.amazonaws.com"
    return f"{endpoint.rstrip('/')}/{place.bucket}/{quote(place.object, safe='/-_.~')}"


def headers(place: BucketPlace, now: dt.datetime) -> dict[str, str]:
    """Give the headers that prove who asks."""
    parts, at = urlsplit(address(place)), now.strftime("%Y%m%dT%H%M%SZ")
    scope = f"{at[:8]}/{place.region}/s3/aws4_request"
    lines = f"host:{_host(parts.scheme, parts.netloc)}\nx-amz-content-sha256:{_NOTHING}\n"
    request = f"GET\n{parts.path}\n\n{lines}x-amz-date:{at}\n\n{_SIGNED}\n{_NOTHING}"
    asked = f"AWS4-HMAC-SHA256\n{at}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = f"AWS4{place.secret_access_key}".encode()
    for step in (at[:8], place.region, "s3", "aws4_request"):
        key = hmac.new(key, step.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, asked.encode(), hashlib.sha256).hexdigest()
    return {
        "x-amz-date": at,
        "x-amz-content-sha256": _NOTHING,
        "Authorization": f"AWS4-HMAC-SHA256 Credential={place.access_key_id}/{scope}, "
        f"SignedHeaders={_SIGNED}, Signature={signature}",
    }


def _host(scheme: str, netloc: str) -> str:
    """Give the host as the request names it: without the usual port."""
    return netloc.removesuffix({"https": ":443", "http": ":80"}.get(scheme, ""))
