"""What flags provide to the capabilities below them."""

from __future__ import annotations

from sqlalchemy.orm import Session

from modelyard_server.kernel import trail
from modelyard_server.kernel.services import Services
from modelyard_server.workspaces.ports import InstallationObserver

from . import service
from .known import QUICK_DEPLOY


class FirstSteps:
    """Switches quick deploy on for the organisation that sets the installation up."""

    def installation_set_up(self, db: Session, who: trail.Who) -> None:
        """Act in the transaction of the setup; audited like any other change."""
        service.decide_for_organisation(db, who, QUICK_DEPLOY, True)


def provide(services: Services) -> None:
    """Register the port implementations."""
    services.add(InstallationObserver, FirstSteps())  # type: ignore[type-abstract]
