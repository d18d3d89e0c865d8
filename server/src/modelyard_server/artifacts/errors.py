"""What artifacts may refuse."""

from modelyard_server.kernel.errors import (
    Conflict,
    Invalid,
    NotFound,
    OutOfSpace,
    TooLarge,
    Unavailable,
)


class FileMissing(NotFound):
    code = "artifacts.file_missing"


class PathRefused(Invalid):
    code = "artifacts.path_refused"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, extra={"mlflow_message": "Invalid path"})


class PathTaken(Conflict):
    code = "artifacts.path_taken"


class UploadIncomplete(Invalid):
    code = "artifacts.upload_incomplete"


class RangeRefused(Invalid):
    code = "artifacts.range_refused"


class FileTooLarge(TooLarge):
    code = "artifacts.file_too_large"


class NoSpaceLeft(OutOfSpace):
    code = "artifacts.no_space_left"


class QuotaUsedUp(OutOfSpace):
    code = "artifacts.quota_used_up"


class ContentMissing(Unavailable):
    code = "artifacts.content_missing"


class UploadMissing(NotFound):
    code = "artifacts.upload_missing"


class PartRefused(Invalid):
    code = "artifacts.part_refused"


class PartsIncomplete(Conflict):
    code = "artifacts.parts_incomplete"


class DigestMismatch(Invalid):
    code = "artifacts.digest_mismatch"


class CollectionMissing(NotFound):
    code = "artifacts.collection_not_found"


class CollectionRunning(Conflict):
    """One look through a workspace's store at a time."""

    code = "artifacts.collection_running"
