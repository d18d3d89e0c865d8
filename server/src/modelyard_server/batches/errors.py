"""What batch scoring may refuse."""

from modelyard_server.kernel.errors import Conflict, Invalid, NotFound, QuotaExceeded


class BatchMissing(NotFound):
    code = "batches.not_found"


class BatchEnded(Conflict):
    code = "batches.ended"


class BatchRuns(Conflict):
    """It must end, or be cancelled, first."""

    code = "batches.runs"


class TooManyBatches(QuotaExceeded):
    code = "batches.too_many"


class FileRefused(Invalid):
    """The file is not one that can be scored."""

    code = "batches.file_refused"


class NotDeployed(Conflict):
    """Nothing serves the version that should score it."""

    code = "batches.not_deployed"
