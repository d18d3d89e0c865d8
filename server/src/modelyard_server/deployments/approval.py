"""Who approved a rollout, and where that is written, as whoever starts it says.

The statement is kept with the revision; it is not checked here, and its author is the revision's.
"""

from __future__ import annotations

from . import stages
from .errors import ApprovalNeeded
from .models import Environment, Revision
from .schemas import Approval


def refuse_without(place: Environment, given: Approval | None) -> None:
    """Hold a rollout to its environment's policy.

    Raises:
        ApprovalNeeded: nobody is said to have approved it, and the environment wants that.
    """
    if stages.policy_of(place).needs_approval and given is None:
        raise ApprovalNeeded(
            f"{place.name} takes approved versions only: say who approved this one.",
            fields=[{"location": "approval", "problem": f"is needed in {place.name}"}],
        )


def as_json(given: Approval | None) -> dict[str, str | None] | None:
    """Give an approval as its revision keeps it."""
    return None if given is None else given.model_dump()


def of_revision(row: Revision | None) -> Approval | None:
    """Give the approval that a revision was rolled out with."""
    if row is None or row.approval is None:
        return None
    return Approval.model_validate(row.approval)
