"""What monitoring may refuse."""

from modelyard_server.kernel.errors import Conflict, NotFound


class FeatureUnknown(NotFound):
    """The live version has no such column in its baseline."""

    code = "monitoring.feature_unknown"


class OutcomesCollided(Conflict):
    """Another request sent outcomes of the same predictions at the same moment."""

    code = "monitoring.outcomes_collided"
