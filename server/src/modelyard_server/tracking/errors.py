"""What tracking may refuse. `mlflow_code` is what MLflow's clients branch on."""

from typing import Any

from modelyard_server.kernel.errors import Conflict, Invalid, NotFound, TooLarge

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


class TooManyBytes(TooLarge):
    code = "tracking.too_many_bytes"
