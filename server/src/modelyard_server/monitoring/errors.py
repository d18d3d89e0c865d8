"""What monitoring may refuse."""

from modelyard_server.kernel.errors import NotFound


class FeatureUnknown(NotFound):
    """The live version has no such column in its baseline."""

    code = "monitoring.feature_unknown"
