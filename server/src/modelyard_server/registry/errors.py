"""What the registry may refuse."""

from typing import Any

from modelyard_server.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable


class ModelMissing(NotFound):
    code = "registry.model_not_found"


class VersionMissing(NotFound):
    code = "registry.version_not_found"


class AliasMissing(NotFound):
    code = "registry.alias_not_found"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, extra={"mlflow_code": "INVALID_PARAMETER_VALUE"})


class AliasProtected(Forbidden):
    """Moving it needs a permission that the actor has not got."""

    code = "registry.alias_protected"


class AliasNotProtected(NotFound):
    code = "registry.alias_not_protected"


class OwnerUnknown(Invalid):
    """Only a member of the workspace can own a model."""

    code = "registry.owner_unknown"


class NameTaken(Conflict):
    code = "registry.name_taken"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, extra={"mlflow_code": "RESOURCE_ALREADY_EXISTS"})


class NameRefused(Invalid):
    code = "registry.name_invalid"


class RunMismatch(Invalid):
    """A version comes out of the run that holds its source, and of no other."""

    code = "registry.run_mismatch"


class FilterRefused(Invalid):
    code = "registry.filter_invalid"


class StillServed(Conflict):
    """Deployments serve it; `extra["deployments"]` names them."""

    code = "registry.still_served"

    def __init__(self, detail: str, deployments: list[str]) -> None:
        extra: dict[str, Any] = {"deployments": deployments, "mlflow_code": "RESOURCE_CONFLICT"}
        super().__init__(detail, extra=extra)


class BinItemMissing(NotFound):
    code = "registry.bin_item_not_found"


class OriginMissing(Conflict):
    """A version is restored into its model only."""

    code = "registry.origin_missing"


class NumberTaken(Conflict):
    code = "registry.number_taken"


class VersionNotReady(Conflict):
    code = "registry.version_not_ready"


class VersionNotDeployable(Conflict):
    """The scan forbids it, or there is nothing that could load it."""

    code = "registry.version_not_deployable"


class NothingToRelease(Conflict):
    """Only a suspicious version that was scanned can be released."""

    code = "registry.nothing_to_release"


class PackageDamaged(Invalid):
    """The stored files are not the files that were registered."""

    code = "registry.package_damaged"


class PackageUnreadable(Invalid):
    """There is no readable MLflow model at the source."""

    code = "registry.package_unreadable"


class RequirementsUnresolvable(Invalid):
    """No environment exists that satisfies what the model asks for."""

    code = "registry.requirements_unresolvable"


class PackagesUnreachable(RequirementsUnresolvable):
    """The package registry does not answer and the cache does not hold what is needed."""

    code = "registry.packages_unreachable"


class BundleInvalid(Invalid):
    """The file is no bundle, or not the one that was exported; `extra["reason"]` says which."""

    code = "registry.bundle_invalid"


class BundleNotTrusted(Invalid):
    """The signature is wrong, missing though asked for, or of another key."""

    code = "registry.bundle_not_trusted"


class AlreadyImported(Conflict):
    """The model has a version of this very bundle."""

    code = "registry.already_imported"


class NoOrigin(NotFound):
    """The version was registered here and came in no bundle."""

    code = "registry.no_origin"


class WebhookMissing(NotFound):
    code = "registry.webhook_not_found"


class WebhookRefused(Invalid):
    code = "registry.webhook_invalid"


class DeliveryFailed(Unavailable):
    """The address of a webhook did not take a delivery."""

    code = "registry.delivery_failed"
