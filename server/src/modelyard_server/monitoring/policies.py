"""Stored capture policies."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelyard_protocol.language import PROMPT, RESPONSE
from modelyard_protocol.routing import Language

from .models import CapturePolicy
from .policy import Keep, Policy, of_texts


def policy_of(db: Session, deployment_id: uuid.UUID) -> Policy:
    """Give what a deployment's capture keeps; the default one while nobody chose."""
    row = db.scalar(select(CapturePolicy).where(CapturePolicy.deployment_id == deployment_id))
    return Policy() if row is None else as_policy(row)


def every(db: Session) -> Mapping[uuid.UUID, Policy]:
    """Give the policies that somebody chose."""
    return {row.deployment_id: as_policy(row) for row in db.scalars(select(CapturePolicy))}


def as_policy(row: CapturePolicy) -> Policy:
    """Read a stored policy."""
    columns = {name: Keep(keep) for name, keep in row.columns.items()}
    return Policy(columns, row.rate, row.retention_days, row.entity_column)


class ChosenTexts:
    """`traffic.ports.TextRules`: texts leave the gateway only where they are stored or hashed."""

    def every(self, db: Session) -> Mapping[uuid.UUID, Language]:
        """Give the rules that somebody chose, by deployment."""
        return {of: language_of(policy) for of, policy in every(db).items()}


def language_of(policy: Policy) -> Language:
    """Give what a policy says about the texts of a language endpoint."""
    chosen = of_texts(policy)
    kept = {name: chosen.of(name) in {Keep.store, Keep.hash} for name in (PROMPT, RESPONSE)}
    return Language(keeps_prompt=kept[PROMPT], keeps_response=kept[RESPONSE])
