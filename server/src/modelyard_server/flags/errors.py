"""What flags may refuse."""

from modelyard_server.kernel.errors import Forbidden, Invalid, NotFound


class FlagMissing(NotFound):
    code = "flags.not_found"


class FlagOff(NotFound):
    """What the flag guards does not exist for whoever asks."""

    code = "flags.off"


class ScheduleWrong(Invalid):
    code = "flags.schedule_invalid"


class PersonMissing(NotFound):
    code = "flags.person_not_found"


class NotTheOperator(Forbidden):
    """Only owners of the organisation that set the installation up change it for everybody."""

    code = "flags.not_operator"
