"""What identity may refuse."""

from modelyard_server.kernel.errors import Forbidden, Unauthenticated


class NotSignedIn(Unauthenticated):
    code = "identity.not_signed_in"


class InvalidToken(Unauthenticated):
    code = "identity.invalid_token"


class SessionEnded(Unauthenticated):
    code = "identity.session_ended"


class CrossSiteRequest(Forbidden):
    code = "identity.csrf"
