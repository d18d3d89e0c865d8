"""Classes of routes, and what everybody may do in each unless an administrator says otherwise."""

from __future__ import annotations

from enum import StrEnum

from .buckets import Limit


class RouteClass(StrEnum):
    """Routes that share buckets."""

    auto_config = "auto_config"
    read = "read"
    write = "write"
    ingest = "ingest"


class Subject(StrEnum):
    """Whose bucket."""

    user = "user"
    key = "key"
    organisation = "organisation"


DEFAULTS: dict[tuple[RouteClass, Subject], Limit] = {
    (RouteClass.auto_config, Subject.user): Limit(10, 10),
    (RouteClass.read, Subject.user): Limit(12_000, 6_000),
    (RouteClass.read, Subject.key): Limit(12_000, 6_000),
    (RouteClass.read, Subject.organisation): Limit(120_000, 60_000),
    (RouteClass.write, Subject.user): Limit(6_000, 6_000),
    (RouteClass.write, Subject.key): Limit(6_000, 6_000),
    (RouteClass.write, Subject.organisation): Limit(60_000, 60_000),
    (RouteClass.ingest, Subject.user): Limit(1_200_000, 200_000),
    (RouteClass.ingest, Subject.key): Limit(1_200_000, 200_000),
    (RouteClass.ingest, Subject.organisation): Limit(6_000_000, 1_000_000),
}
STRICT = frozenset({RouteClass.auto_config})
"""Counted in any minute by `windows`, behind the check of who asks; no bucket."""
_INGEST = ("/api/2.0/", "/api/3.0/", "/ajax-api/", "/api/v1/uploads")
_AUTO = "/api/v1/serving/auto-config"


def class_of(method: str, path: str) -> RouteClass | None:
    """Give the class of a request; `None`: it is not limited here."""
    if path.startswith(_INGEST):
        return RouteClass.ingest
    if not path.startswith("/api/v1/"):
        return None
    if path == _AUTO and method == "POST":
        return RouteClass.auto_config
    return RouteClass.read if method in {"GET", "HEAD"} else RouteClass.write
