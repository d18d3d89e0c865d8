"""What tracking may refuse. `mlflow_code` is what MLflow's clients branch on."""

from typing import Any

from modelyard_server.kernel.errors import Conflict, Forbidden, Invalid, NotFound, TooLarge

NOT_ACTIVE = "The run {} must be in the 'active' state. Current state is deleted: restore it first."


class ExperimentMissing(NotFound):
    code = "tracking.experiment_missing"


class RunMissing(NotFound):
    code = "tracking.run_missing"


class LoggedModelMissing(NotFound):
    code = "tracking.logged_model_missing"


class ModelSourceMissing(NotFound):
    code = "tracking.model_source_missing"


class TagMissing(NotFound):
    code = "tracking.tag_missing"


class ExperimentNameTaken(Conflict):
    """Its name is in use, perhaps by a deleted experiment."""

    code = "tracking.experiment_name_taken"

    def __init__(self, detail: str, **facts: Any) -> None:
        extra = {"mlflow_code": "RESOURCE_ALREADY_EXISTS", **facts.pop("extra", {})}
        super().__init__(detail, extra=extra, **facts)


class ViewMissing(NotFound):
    code = "tracking.run_view_missing"


class ViewNameTaken(Conflict):
    code = "tracking.run_view_name_taken"


class NotYourView(Forbidden):
    """Only its owner changes it; admins also what is shared."""

    code = "tracking.not_your_view"


class TooManyViews(Conflict):
    code = "tracking.too_many_views"


class NotActive(Invalid):
    """A deleted experiment or run takes no changes."""

    code = "tracking.not_active"


class DefaultExperimentStays(Invalid):
    code = "tracking.default_experiment_stays"


class ParamChanged(Invalid):
    code = "tracking.param_changed"


class FilterRefused(Invalid):
    code = "tracking.filter_refused"


class ValueRefused(Invalid):
    code = "tracking.value_refused"


class TableRefused(Invalid):
    """The file is no such table, or too large to be looked at."""

    code = "tracking.table_refused"


class NoPreview(Invalid):
    """This kind of file is not shown that way."""

    code = "tracking.no_preview"


class ViewExpired(NotFound):
    """The address of an artifact is not ours, or its minutes are over."""

    code = "tracking.view_expired"


class TooManyBytes(TooLarge):
    code = "tracking.too_many_bytes"
