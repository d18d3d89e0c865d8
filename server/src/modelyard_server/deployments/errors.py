"""What deployments may refuse."""

from modelyard_server.kernel.errors import Conflict, Invalid, NotFound, Unavailable


class DeploymentMissing(NotFound):
    code = "deployments.not_found"


class RevisionMissing(NotFound):
    code = "deployments.revision_not_found"


class EnvironmentMissing(Invalid):
    code = "deployments.environment_not_found"


class EnvironmentUnknown(NotFound):
    code = "deployments.environment_unknown"


class EnvironmentTaken(Conflict):
    code = "deployments.environment_taken"


class EnvironmentInUse(Conflict):
    code = "deployments.environment_in_use"


class SecretMissing(NotFound):
    code = "deployments.secret_not_found"


class VariableRefused(Invalid):
    code = "deployments.variable_invalid"


class QuotaReached(Conflict):
    """`extra` says which limit, what is allowed and what was wanted."""

    code = "deployments.quota_reached"


class PromotionNeeded(Conflict):
    code = "deployments.promotion_needed"


class NothingToPromote(Conflict):
    """`extra["unmet"]` lists what stands in the way."""

    code = "deployments.not_promotable"


class NameTaken(Conflict):
    """`extra["suggested_name"]` is free."""

    code = "deployments.name_taken"


class NameRefused(Invalid):
    code = "deployments.name_invalid"


class ConfigurationRefused(Invalid):
    code = "deployments.config_invalid"


class EngineNotInstalled(Conflict):
    """The format has an engine, but this installation has not got it."""

    code = "deployments.engine_not_installed"


class NoCapacity(Conflict):
    """`extra["missing"]` lists what is not there."""

    code = "deployments.no_capacity"


class SetupChanged(Conflict):
    """`extra["differences"]` lists what is picked now and was not when somebody looked."""

    code = "deployments.setup_changed"


class VersionUnusable(Conflict):
    """The version's registration failed, or is not complete."""

    code = "deployments.version_not_ready"


class NothingToRollBackTo(Conflict):
    code = "deployments.no_previous_revision"


class StrategyRefused(Invalid):
    """The traffic cannot be moved like that; nothing was started."""

    code = "deployments.strategy_refused"


class WeightsWrong(Invalid):
    code = "deployments.weights_wrong"


class ScalingRefused(Invalid):
    code = "deployments.scaling_invalid"


class SafeguardRefused(Invalid):
    """A safeguard looks at something the model has not."""

    code = "deployments.safeguard_invalid"


class SafeguardsMoved(Conflict):
    """Somebody else changed the safeguards since they were read."""

    code = "deployments.safeguards_moved"


class SchemaDiffers(Conflict):
    """Callers of the live revision send what the other one does not take."""

    code = "deployments.schema_differs"


class ReasonNeeded(Invalid):
    code = "deployments.reason_needed"


class ApprovalNeeded(Invalid):
    """The environment takes versions only that somebody is said to have approved."""

    code = "deployments.approval_needed"


class StillRunning(Conflict):
    code = "deployments.still_running"


class AlreadyRunning(Conflict):
    code = "deployments.already_running"


class DriverUnavailable(Invalid):
    """Model servers cannot run there; nothing was started."""

    code = "deployments.driver_unavailable"


class ImageNotBuilt(Unavailable):
    """The Docker engine could not make the image of an environment."""

    code = "deployments.image_not_built"


class NodeUnreachable(Unavailable):
    """The inference node of this machine does not answer."""

    code = "deployments.node_unreachable"


class ServedElsewhere(Conflict):
    """This installation does not serve the model: others report its rows."""

    code = "deployments.served_elsewhere"
