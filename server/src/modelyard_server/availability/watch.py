"""Notes when a part of the installation stops working, and when it works again.

Nobody asks while the control plane is down, which is noticed afterwards by the gap. The node goes
on by itself meanwhile: when it has run since before the gap, predictions were answered in it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from modelyard_server.deployments.ports import NodeState
from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.db import Database

from .models import Outage, WatchedComponent
from .probes import Component, Probe

ASK_SECONDS = 15.0
GAP = dt.timedelta(seconds=2 * ASK_SECONDS)  # longer without a question: nobody was there to ask
KEPT = dt.timedelta(days=90)

Wrong = tuple[dt.datetime, str]
"""(since when, what)"""


class Watch:
    """Asks every part once each time it is called."""

    def __init__(
        self, database: Database, node: NodeState, probes: Mapping[Component, Probe]
    ) -> None:
        self._database, self._node, self._probes = database, node, probes
        self._wrong: dict[Component, Wrong] = {}
        self._was_unreachable: Wrong | None = None
        """The database, in which this cannot be written down before it is back."""

    def __call__(self) -> None:
        """Ask, and write down what changed."""
        for component, probe in self._probes.items():
            said = probe()
            if said is None:
                self._wrong.pop(component, None)
            else:
                self._wrong.setdefault(component, (utcnow(), said))
        if Component.database in self._wrong:
            self._was_unreachable = self._was_unreachable or self._wrong[Component.database]
            return
        with self._database.platform_session() as db:
            self._write(db, utcnow())
        self._was_unreachable = None

    def _write(self, db: Session, now: dt.datetime) -> None:
        rows = {row.name: row for row in db.scalars(select(WatchedComponent))}
        still = db.scalars(select(Outage).where(Outage.ended_at.is_(None)))
        lasting = {one.component: one for one in still}
        for component in (Component.control_plane, *self._probes):
            row, wrong = rows.get(component), self._wrong.get(component)
            if row is not None:
                self._settle(db, component, lasting.get(component), row.asked_at, now)
                row.asked_at = now
            elif wrong is None:  # a part that has never worked is not there yet
                db.add(WatchedComponent(name=component, since=now, asked_at=now))
        db.execute(delete(Outage).where(Outage.ended_at < now - KEPT))

    def _settle(
        self,
        db: Session,
        component: Component,
        open_one: Outage | None,
        asked_at: dt.datetime,
        now: dt.datetime,
    ) -> None:
        """Begin or end an outage of a component that was asked last at `asked_at`."""
        was_alone = now - asked_at > GAP
        wrong = self._wrong.get(component)
        if wrong is None and open_one is not None:
            open_one.ended_at = now
        elif component is Component.predictions and open_one is None:
            self._settle_predictions(db, asked_at if was_alone else None, asked_at)
        elif wrong is not None and open_one is None:
            _note(db, component, wrong[0], None, wrong[1])
        if component is Component.database and self._was_unreachable is not None:
            _note(db, component, self._was_unreachable[0], now, self._was_unreachable[1])
        if component is Component.control_plane and was_alone:
            _note(db, component, asked_at, now, "It did not run, or had no database.")

    def _settle_predictions(
        self, db: Session, alone_since: dt.datetime | None, asked_at: dt.datetime
    ) -> None:
        wrong, observed = self._wrong.get(Component.predictions), self._node.observed()
        if wrong is not None:
            _note(db, Component.predictions, alone_since or wrong[0], None, wrong[1])
        elif observed is not None and observed.started_at > asked_at:
            text = "The node started again; counted from when it was last seen."
            _note(db, Component.predictions, asked_at, observed.started_at, text)


def _note(
    db: Session,
    component: Component,
    began_at: dt.datetime,
    ended_at: dt.datetime | None,
    reason: str,
) -> None:
    db.add(Outage(component=component, began_at=began_at, ended_at=ended_at, reason=reason))
