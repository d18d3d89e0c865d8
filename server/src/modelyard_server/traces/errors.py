"""What traces may refuse."""

from modelyard_server.kernel.errors import Invalid, NotFound


class TraceMissing(NotFound):
    code = "traces.trace_missing"


class AssessmentMissing(NotFound):
    code = "traces.assessment_missing"


class TagMissing(NotFound):
    code = "traces.tag_missing"


class TraceRefused(Invalid):
    code = "traces.trace_refused"


class SpansRefused(Invalid):
    """The body is no export of OpenTelemetry spans."""

    code = "traces.spans_refused"


class DatasetMissing(NotFound):
    code = "traces.dataset_missing"


class DatasetRefused(Invalid):
    code = "traces.dataset_refused"


class IssueMissing(NotFound):
    code = "traces.issue_missing"


class IssueRefused(Invalid):
    code = "traces.issue_refused"


class ScorerMissing(NotFound):
    code = "traces.scorer_missing"


class ScorerRefused(Invalid):
    code = "traces.scorer_refused"
