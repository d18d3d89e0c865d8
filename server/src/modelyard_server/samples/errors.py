"""What samples may refuse."""

from modelyard_server.kernel.errors import Conflict, Forbidden, NotFound


class SampleMissing(NotFound):
    code = "samples.not_found"


class SampleInstalled(Conflict):
    code = "samples.installed"


class SampleNotInstalled(Conflict):
    code = "samples.not_installed"


class SampleBusy(Conflict):
    code = "samples.busy"


class SampleNeedsAPerson(Forbidden):
    code = "samples.needs_a_person"
