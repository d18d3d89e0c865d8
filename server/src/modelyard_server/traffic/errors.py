"""What traffic may refuse."""

from modelyard_server.kernel.errors import (
    Conflict,
    Invalid,
    NotFound,
    QuotaExceeded,
    TooLarge,
    Unauthenticated,
    Unreadable,
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


class OAuthClientMissing(NotFound):
    code = "traffic.oauth_client_not_found"


class TooManyOAuthClients(QuotaExceeded):
    code = "traffic.too_many_oauth_clients"


class ClientRefused(Unauthenticated):
    code = "traffic.invalid_client"


class TokenRequestRefused(Unreadable):
    code = "traffic.invalid_request"


class GrantUnsupported(Unreadable):
    code = "traffic.unsupported_grant_type"


class ScopeRefused(Unreadable):
    code = "traffic.invalid_scope"


class AccessTokenRefused(Unauthenticated):
    code = "traffic.invalid_access_token"


class EnvironmentNotAllowed(NotAllowed):
    code = "traffic.environment_not_allowed"


class NotServed(Conflict):
    code = "traffic.not_served"


class BodyTooLarge(TooLarge):
    code = "traffic.body_too_large"
