"""How long the processes of deployments slept, and what that saved.

The node counts while it runs and forgets when it ends; the rows take over what its count grew by.
A count that fell began anew. So nothing is counted twice; at most what a node slept since it was
last looked at is lost with it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from modelyard_protocol.routing import ObservedServer, ObservedState

from .environment_schemas import Price
from .models import Revision
from .scaling_schemas import SavedOut

KEEP_SECONDS = 60.0
"""What sleeps on is written down so often; what woke, at once."""


def grown(before: float, now: float) -> float:
    """Tell by how much a count grew that begins at 0 with each node."""
    return now - before if now >= before else now


def saved(price: Price, slept: Sequence[tuple[float, float, float, int]]) -> SavedOut:
    """Price what slept: `slept` is (seconds, cores, GB of memory, GPUs) of each process."""
    amount = sum(seconds / 3600 * price.an_hour(*size) for seconds, *size in slept)
    return SavedOut(amount=round(amount, 6), currency=price.currency)


def of_revisions(
    own: Sequence[Revision], observed: ObservedState | None
) -> list[tuple[float, float, float, int]]:
    """Give how long each revision's process slept until now, and how large it would have been."""
    counts = {one.id: one.slept_seconds for one in observed.servers} if observed else {}
    return [
        (
            row.slept_seconds + grown(row.slept_counted, counts.get(row.id.hex, row.slept_counted)),
            row.cpu,
            row.memory_gb,
            row.gpu,
        )
        for row in own
    ]


def to_keep(db: Session, servers: Mapping[str, ObservedServer]) -> list[Callable[[], None]]:
    """List what to write down of the node's counts in one workspace."""
    counts = {uuid.UUID(key): one for key, one in servers.items() if one.slept_seconds > 0}
    if not counts:
        return []
    query = select(Revision.id, Revision.slept_counted).where(Revision.id.in_(list(counts)))
    found: list[Callable[[], None]] = []
    for revision_id, before in db.execute(query):
        one = counts[revision_id]
        more = grown(before, one.slept_seconds)
        if more > (KEEP_SECONDS if one.is_asleep else 0.0):
            found.append(_keeping(db, revision_id, before, one.slept_seconds))
    return found


def _keeping(db: Session, revision_id: uuid.UUID, before: float, now: float) -> Callable[[], None]:
    def change() -> None:
        db.execute(
            update(Revision)
            .where(Revision.id == revision_id, Revision.slept_counted == before)
            .values(
                slept_seconds=Revision.slept_seconds + grown(before, now),
                slept_counted=now,
            )
        )

    return change
