"""What workspaces may refuse."""

from modelyard_server.kernel.errors import Conflict, Forbidden, Invalid, NotFound


class WorkspaceNotFound(NotFound):
    code = "workspaces.not_found"


class WorkspaceMismatch(Invalid):
    code = "workspaces.mismatch"


class NotAllowed(Forbidden):
    code = "workspaces.not_allowed"


class RoleTooHigh(Forbidden):
    code = "workspaces.role_too_high"


class OwnerProtected(Forbidden):
    code = "workspaces.owner_protected"


class LastAdmin(Conflict):
    code = "workspaces.last_admin"


class SlugTaken(Conflict):
    code = "workspaces.slug_taken"


class SlugMalformed(Invalid):
    code = "workspaces.slug_malformed"


class MemberNotFound(NotFound):
    code = "workspaces.member_not_found"


class AlreadyMember(Conflict):
    code = "workspaces.already_member"


class InvitationNotFound(NotFound):
    code = "workspaces.invitation_not_found"
