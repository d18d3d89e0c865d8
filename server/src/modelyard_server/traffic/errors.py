"""What traffic may refuse."""

from modelyard_server.kernel.errors import (
    Conflict,
    Invalid,
    NotFound,
    QuotaExceeded,
    TooLarge,
    Unauthenticated,
)
from modelyard_server.workspaces.errors import NotAllowed


class KeyRefused(Unauthenticated):
    code = "traffic.key_refused"


class ScopeMissing(NotAllowed):
    code = "traffic.scope_missing"


class KeyMissing(NotFound):
    code = "traffic.key_not_found"


class ExpiryPassed(Invalid):
    code = "traffic.expiry_passed"


class TokensNotCounted(Invalid):
    code = "traffic.tokens_not_counted"


class KeyReplaced(Conflict):
    code = "traffic.key_replaced"


class TooManyKeys(QuotaExceeded):
    code = "traffic.too_many_keys"


class NotServed(Conflict):
    code = "traffic.not_served"


class BodyTooLarge(TooLarge):
    code = "traffic.body_too_large"
