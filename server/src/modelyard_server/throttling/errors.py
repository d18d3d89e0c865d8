"""What throttling may refuse."""

from modelyard_server.kernel.errors import Invalid, NotFound, QuotaExceeded


class LimitMissing(NotFound):
    code = "throttling.not_found"


class NotLimited(Invalid):
    code = "throttling.not_limited"


class TooManyRequests(QuotaExceeded):
    code = "throttling.too_many_requests"
