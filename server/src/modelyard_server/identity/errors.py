"""What identity may refuse."""

from modelyard_server.kernel.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    QuotaExceeded,
    Unauthenticated,
)


class NotSignedIn(Unauthenticated):
    code = "identity.not_signed_in"


class InvalidToken(Unauthenticated):
    code = "identity.invalid_token"


class SessionEnded(Unauthenticated):
    code = "identity.session_ended"


class WrongCredentials(Unauthenticated):
    code = "identity.wrong_credentials"


class CurrentPasswordWrong(Invalid):
    code = "identity.current_password_wrong"


class TooManyAttempts(QuotaExceeded):
    code = "identity.too_many_attempts"


class CrossSiteRequest(Forbidden):
    code = "identity.csrf"


class BrowserSessionNeeded(Forbidden):
    code = "identity.browser_session_needed"


class SetupTokenWrong(Forbidden):
    code = "identity.setup_token_wrong"


class SetupDone(Conflict):
    code = "identity.setup_done"


class LinkUnusable(NotFound):
    code = "identity.link_unusable"


class WeakPassword(Invalid):
    code = "identity.weak_password"


class MalformedEmail(Invalid):
    code = "identity.malformed_email"


class EmailTaken(Conflict):
    code = "identity.email_taken"


class SessionNotFound(NotFound):
    code = "identity.session_not_found"


class TokenNotFound(NotFound):
    code = "identity.token_not_found"


class TokenLifetimeWrong(Invalid):
    code = "identity.token_lifetime"


class UnknownAccount(NotFound):
    code = "identity.unknown_account"
