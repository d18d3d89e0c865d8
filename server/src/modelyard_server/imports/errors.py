"""What imports may refuse."""

from modelyard_server.kernel.errors import Conflict, Invalid, NotFound


class ImportMissing(NotFound):
    code = "imports.not_found"


class ImportEnded(Conflict):
    code = "imports.ended"


class ItemMissing(NotFound):
    code = "imports.item_not_found"


class ItemRefused(Invalid):
    code = "imports.item_refused"
