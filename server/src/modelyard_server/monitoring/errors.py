"""What monitoring may refuse."""

from modelyard_server.kernel.errors import Conflict, Invalid, NotFound


class FeatureUnknown(NotFound):
    """The live version has no such column in its baseline."""

    code = "monitoring.feature_unknown"


class OutcomesCollided(Conflict):
    """Another request sent outcomes of the same predictions at the same moment."""

    code = "monitoring.outcomes_collided"


class NothingCaptured(NotFound):
    """There are no kept rows to answer with."""

    code = "monitoring.nothing_captured"


class TooManyRows(Invalid):
    """The question covers more rows than one answer may."""

    code = "monitoring.too_many_rows"


class ConditionRefused(Invalid):
    """A condition on inputs is not one that can be asked."""

    code = "monitoring.condition_refused"


class ValueUnknown(NotFound):
    """Nobody said what outcomes are worth."""

    code = "monitoring.value_unknown"


class OutcomesUnreadable(Invalid):
    """A file of outcomes cannot be read."""

    code = "monitoring.outcomes_unreadable"
