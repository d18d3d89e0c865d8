"""What collaboration may refuse."""

from modelyard_server.kernel.errors import Conflict, Forbidden, NotFound


class ResourceMissing(NotFound):
    code = "collaboration.resource_not_found"


class CommentMissing(NotFound):
    code = "collaboration.comment_not_found"


class NotYours(Forbidden):
    """Somebody else wrote it."""

    code = "collaboration.not_yours"


class AlreadyDeleted(Conflict):
    code = "collaboration.comment_deleted"


class ThreadFull(Conflict):
    code = "collaboration.thread_full"


class ItemMissing(NotFound):
    code = "collaboration.inbox_item_not_found"
