"""What monitoring may refuse."""

from modelyard_server.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable


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


class ConstraintsMoved(Conflict):
    """Somebody else changed the constraints since they were read."""

    code = "monitoring.constraints_moved"


class ValueUnknown(NotFound):
    """Nobody said what outcomes are worth."""

    code = "monitoring.value_unknown"


class OutcomesUnreadable(Invalid):
    """A file of outcomes cannot be read."""

    code = "monitoring.outcomes_unreadable"


class EstimateWithoutScores(Conflict):
    """The answers are classes without a probability, so nothing says how sure the model was."""

    code = "monitoring.estimate_without_scores"


class EstimateWithoutReference(Conflict):
    """There are too few rows with a known outcome to learn an estimate from."""

    code = "monitoring.estimate_without_reference"


class EstimateUncalibrated(Conflict):
    """The model's probabilities say too little about what comes true, also once corrected."""

    code = "monitoring.estimate_uncalibrated"


class EstimateOutsideSupport(Conflict):
    """The live rows look like nothing the estimate was learned from."""

    code = "monitoring.estimate_outside_support"


class ReferenceUnknown(NotFound):
    """No reference was uploaded."""

    code = "monitoring.reference_unknown"


class ReferenceUnreadable(Invalid):
    """A file of reference rows cannot be used."""

    code = "monitoring.reference_unreadable"


class NoShadow(NotFound):
    """No revision has got copies of calls."""

    code = "monitoring.no_shadow"


class ReportRefused(Invalid):
    """A reported row cannot be what it says."""

    code = "monitoring.report_refused"


class FleetViewMissing(NotFound):
    code = "monitoring.fleet_view_missing"


class FleetViewNameTaken(Conflict):
    code = "monitoring.fleet_view_name_taken"


class NotYourFleetView(Forbidden):
    """Somebody else saved it."""

    code = "monitoring.not_your_fleet_view"


class TooManyFleetViews(Conflict):
    code = "monitoring.too_many_fleet_views"


class OutcomeSourceUnknown(NotFound):
    """Outcomes are not pulled from anywhere."""

    code = "monitoring.outcome_source_unknown"


class OutcomeSourceIncomplete(Invalid):
    """A data connection lacks what opens it, or asks for something that cannot be."""

    code = "monitoring.outcome_source_incomplete"


class OutcomeSourceRefused(Unavailable):
    """A data connection gave no outcomes; the sentence says why, and what to do."""

    code = "monitoring.outcome_source_refused"


class EntityUndeclared(Conflict):
    """Outcomes name whom they are about, and nothing is kept of whom rows are about."""

    code = "monitoring.entity_undeclared"
