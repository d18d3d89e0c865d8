"""What alerts refuse."""

from modelyard_server.kernel.errors import Conflict, Invalid, NotFound, QuotaExceeded


class AlertMissing(NotFound):
    code = "alerts.alert_not_found"


class RuleMissing(NotFound):
    code = "alerts.rule_not_found"


class SilenceMissing(NotFound):
    code = "alerts.silence_not_found"


class AlreadyResolved(Conflict):
    code = "alerts.already_resolved"


class AssigneeUnknown(Invalid):
    code = "alerts.assignee_unknown"


class ChannelUnknown(Invalid):
    code = "alerts.channel_unknown"


class TimeRefused(Invalid):
    code = "alerts.time_refused"


class TooManyRules(QuotaExceeded):
    code = "alerts.too_many_rules"


class NothingToShiftTo(Conflict):
    code = "alerts.nothing_to_shift_to"


class ShiftMoved(Conflict):
    code = "alerts.shift_moved"


class NothingToMute(Conflict):
    code = "alerts.nothing_to_mute"
