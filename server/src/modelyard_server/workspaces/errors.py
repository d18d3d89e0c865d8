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

    def __init__(self, detail: str) -> None:
        super().__init__(detail, extra={"mlflow_code": "RESOURCE_ALREADY_EXISTS"})


class SlugMalformed(Invalid):
    code = "workspaces.slug_malformed"


class DescriptionTooLong(Invalid):
    code = "workspaces.description_too_long"


class NothingToChange(Invalid):
    code = "workspaces.nothing_to_change"


class StorageChosenHere(Invalid):
    """Clients never name a storage location."""

    code = "workspaces.storage_chosen_here"


class MemberNotFound(NotFound):
    code = "workspaces.member_not_found"


class AlreadyMember(Conflict):
    code = "workspaces.already_member"


class InvitationNotFound(NotFound):
    code = "workspaces.invitation_not_found"


class WorkspaceInUse(Conflict):
    """Deployments of it are running, or it holds what the caller did not ask to delete."""

    code = "workspaces.in_use"


class LastWorkspace(Conflict):
    code = "workspaces.last_workspace"


class NotConfirmed(Invalid):
    code = "workspaces.not_confirmed"


class DeletionModeRefused(Invalid):
    code = "workspaces.deletion_mode_refused"
