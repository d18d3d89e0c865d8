"""What throttling may refuse."""

from modelyard_server.kernel.errors import Invalid, NotFound


class LimitMissing(NotFound):
    code = "throttling.not_found"


class NotLimited(Invalid):
    code = "throttling.not_limited"
