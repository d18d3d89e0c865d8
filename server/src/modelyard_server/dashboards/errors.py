"""What dashboards may refuse."""

from __future__ import annotations

from modelyard_server.kernel.errors import Conflict, Invalid, NotFound


class DashboardMissing(NotFound):
    code = "dashboards.missing"


class DashboardNameTaken(Conflict):
    code = "dashboards.name_taken"


class DashboardChanged(Conflict):
    """Somebody else saved it in the meantime."""

    code = "dashboards.changed"


class TooManyDashboards(Conflict):
    code = "dashboards.too_many"


class PanelWithoutDeployment(Invalid):
    """A panel names a deployment that is not there."""

    code = "dashboards.deployment_unknown"
