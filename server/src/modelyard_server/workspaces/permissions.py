"""The permission matrix: the least role that has each permission. One file, reviewed as such."""

from enum import StrEnum


class Role(StrEnum):
    """Roles in a workspace, weakest first."""

    viewer = "viewer"
    developer = "developer"
    admin = "admin"
    owner = "owner"  # of the organisation: admin everywhere, and makes workspaces

    @property
    def rank(self) -> int:
        """Higher may do more."""
        return list(Role).index(self)


class Permission(StrEnum):
    """What a route may ask for."""

    signed_in = "signed_in"  # any member
    experiments_read = "experiments.read"
    experiments_write = "experiments.write"
    experiments_create = "experiments.create"
    artifacts_read = "artifacts.read"
    artifacts_write = "artifacts.write"
    storage_read = "storage.read"
    storage_collect = "storage.collect"
    models_read = "models.read"
    models_export = "models.export"
    models_write = "models.write"
    webhooks_manage = "webhooks.manage"
    models_create = "models.create"
    aliases_move_protected = "aliases.move_protected"
    scans_release = "scans.release"
    models_purge = "models.purge"
    comments_read = "comments.read"
    comments_write = "comments.write"
    comments_moderate = "comments.moderate"
    inbox_use = "inbox.use"
    deployments_read = "deployments.read"
    deployments_create = "deployments.create"
    environments_manage = "environments.manage"
    deployments_try = "deployments.try"
    keys_read = "keys.read"
    keys_manage = "keys.manage"
    monitoring_read = "monitoring.read"
    monitoring_manage = "monitoring.manage"
    predictions_read = "predictions.read"
    predictions_erase = "predictions.erase"
    outcomes_write = "outcomes.write"
    batches_run = "batches.run"
    alerts_read = "alerts.read"
    alerts_handle = "alerts.handle"
    alerts_manage = "alerts.manage"
    dashboards_manage = "dashboards.manage"
    channels_read = "channels.read"
    channels_manage = "channels.manage"
    imports_run = "imports.run"
    samples_manage = "samples.manage"
    tokens_read = "tokens.read"
    tokens_create = "tokens.create"
    members_read = "members.read"
    members_manage = "members.manage"
    workspace_manage = "workspace.manage"
    workspaces_create = "workspaces.create"
    workspaces_delete = "workspaces.delete"
    flags_manage = "flags.manage"
    limits_manage = "limits.manage"
    audit_read = "audit.read"
    audit_export = "audit.export"


MATRIX: dict[Permission, Role] = {
    Permission.signed_in: Role.viewer,
    Permission.experiments_read: Role.viewer,
    Permission.experiments_write: Role.developer,
    Permission.experiments_create: Role.developer,
    Permission.artifacts_read: Role.viewer,
    Permission.artifacts_write: Role.developer,
    Permission.storage_read: Role.viewer,
    Permission.storage_collect: Role.admin,
    Permission.models_read: Role.viewer,
    Permission.models_export: Role.developer,
    Permission.models_write: Role.developer,
    Permission.webhooks_manage: Role.admin,
    Permission.models_create: Role.developer,
    Permission.aliases_move_protected: Role.admin,
    Permission.scans_release: Role.admin,
    Permission.models_purge: Role.admin,
    Permission.comments_read: Role.viewer,
    Permission.comments_write: Role.developer,
    Permission.comments_moderate: Role.admin,
    Permission.inbox_use: Role.viewer,
    Permission.deployments_read: Role.viewer,
    Permission.deployments_create: Role.developer,
    Permission.environments_manage: Role.admin,
    Permission.deployments_try: Role.developer,
    Permission.keys_read: Role.viewer,
    Permission.keys_manage: Role.developer,
    Permission.monitoring_read: Role.viewer,
    Permission.monitoring_manage: Role.developer,
    Permission.predictions_read: Role.developer,
    Permission.predictions_erase: Role.admin,
    Permission.outcomes_write: Role.developer,
    Permission.batches_run: Role.developer,
    Permission.alerts_read: Role.viewer,
    Permission.alerts_handle: Role.developer,
    Permission.alerts_manage: Role.developer,
    Permission.dashboards_manage: Role.developer,
    Permission.channels_read: Role.viewer,
    Permission.channels_manage: Role.admin,
    Permission.imports_run: Role.developer,
    Permission.samples_manage: Role.developer,
    Permission.tokens_read: Role.viewer,
    Permission.tokens_create: Role.viewer,
    Permission.members_read: Role.viewer,
    Permission.members_manage: Role.admin,
    Permission.workspace_manage: Role.admin,
    Permission.workspaces_create: Role.owner,
    Permission.workspaces_delete: Role.owner,
    Permission.flags_manage: Role.admin,
    Permission.limits_manage: Role.admin,
    Permission.audit_read: Role.admin,
    Permission.audit_export: Role.admin,
}


def permits(role: Role, permission: Permission) -> bool:
    """Tell whether a role has a permission."""
    return role.rank >= MATRIX[permission].rank


def permissions_of(role: Role) -> list[str]:
    """List everything a role may do."""
    return [permission.value for permission in Permission if permits(role, permission)]
