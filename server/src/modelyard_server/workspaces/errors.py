"""What workspaces may refuse."""

from modelyard_server.kernel.errors import Forbidden, Invalid, NotFound


class WorkspaceNotFound(NotFound):
    code = "workspaces.not_found"


class WorkspaceMismatch(Invalid):
    code = "workspaces.mismatch"


class NotAllowed(Forbidden):
    code = "workspaces.not_allowed"
