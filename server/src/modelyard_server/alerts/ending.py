"""Rules that are removed or switched off take their part out of alerts."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from . import evaluating, incidents
from .models import Rule, RuleMemory


def of_rule(db: Session, rule: Rule, base_url: str) -> None:
    """End the signal of a rule that is judged no more, and its alert when nothing is left."""
    memory = db.scalar(select(RuleMemory).where(RuleMemory.rule_id == rule.id))
    if memory is not None:
        db.delete(memory)
    db.flush()
    alert = incidents.cleared(db, rule.id, "The rule was removed or switched off.")
    if alert is not None:
        alert.resolution = "rule_removed"
        evaluating.tell_end(db, alert, base_url)
