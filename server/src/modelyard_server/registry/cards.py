"""A model's card and the facts beside it: what people wrote, and what is known without them."""

from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelyard_server.kernel import trail
from modelyard_server.kernel.clock import utcnow
from modelyard_server.tracking import service as tracking
from modelyard_server.tracking.errors import RunMissing
from modelyard_server.workspaces import members
from modelyard_server.workspaces.access import Actor

from . import card, differences
from .card_schemas import AutomaticPartOut, CardOut, CardPartOut, CardRow
from .errors import OwnerUnknown
from .models import Model, ModelVersion, VersionStatus
from .service import record

MOST_ROWS = 40


def card_of(db: Session, actor: trail.Who, model: Model) -> CardOut:
    """Give what a card says, what the newest version adds by itself, and what is missing."""
    read = card.read(model.card)
    newest = _newest(db, model)
    automatic = _automatic(db, actor, newest) if newest is not None else []
    known = {part.key for part in automatic}
    return CardOut(
        text=model.card,
        body=read.body,
        front_matter=read.front_matter,
        front_matter_problem=read.front_matter_problem,
        updated_at=model.card_at,
        parts=[
            CardPartOut(
                key=part.key,
                title=part.title,
                hint=part.hint,
                is_written=part.key in read.written,
                is_automatic=part.key in known,
            )
            for part in card.PARTS
        ],
        automatic=automatic,
        template=card.template(),
    )


def write_card(db: Session, actor: trail.Who, model: Model, text: str) -> None:
    """Replace a model's card. Licence and task of its front matter fill what is empty."""
    before = {"card": model.card}
    model.card, model.card_at = text, utcnow()
    model.updated_at = model.card_at
    front = card.read(text).front_matter
    for key, field in (("license", "licence"), ("licence", "licence"), ("pipeline_tag", "task")):
        value = front.get(key)
        if isinstance(value, str) and not getattr(model, field):
            setattr(model, field, value[: 100 if field == "licence" else 60])
    record(db, actor, "registry.write_card", model, before=before, after={"card": text})


def set_facts(
    db: Session,
    actor: Actor,
    model: Model,
    *,
    licence: str | None = None,
    task: str | None = None,
    owner_id: uuid.UUID | None = None,
) -> None:
    """Change licence, task or owner; what is `None` stays.

    Raises:
        OwnerUnknown: the owner is no member of the workspace.
    """
    before = {"licence": model.licence, "task": model.task, "owner": model.owner_name}
    model.licence = model.licence if licence is None else licence.strip()
    model.task = model.task if task is None else task.strip()
    if owner_id is not None:
        everybody = members.members(db, actor)
        owner = next((person for person in everybody if person.user_id == owner_id), None)
        if owner is None:
            raise OwnerUnknown("Only a member of this workspace can own a model.")
        model.owner_id, model.owner_name = owner.user_id, owner.display_name
    after = {"licence": model.licence, "task": model.task, "owner": model.owner_name}
    if before != after:
        model.updated_at = utcnow()
        record(db, actor, "registry.update_model", model, before=before, after=after)


def _newest(db: Session, model: Model) -> ModelVersion | None:
    return db.scalar(
        select(ModelVersion)
        .where(ModelVersion.model_id == model.id, ModelVersion.status == VersionStatus.ready)
        .order_by(ModelVersion.number.desc())
        .limit(1)
    )


def _automatic(db: Session, actor: trail.Who, version: ModelVersion) -> list[AutomaticPartOut]:
    """Read data and metrics from the version's run, its interface from its signature."""
    parts: list[AutomaticPartOut] = []
    run = None
    if version.run_id is not None:
        try:
            run = tracking.run_summary(db, actor, version.run_id)
        except RunMissing:
            run = None
    if run is not None:
        data = [_data_row(found) for found in tracking.datasets_of_run(db, run.id)]
        metrics = [
            CardRow(name=key, value="NaN" if value is None else f"{value:.6g}")
            for key, value in sorted(run.metrics.items())
        ]
        for key, title, rows in (("data", "Data", data), ("metrics", "Metrics", metrics)):
            if rows:
                parts.append(
                    AutomaticPartOut(
                        key=key,
                        title=title,
                        version=version.number,
                        run_id=run.id,
                        run_name=run.name,
                        at=run.ended_at or run.started_at,
                        rows=rows[:MOST_ROWS],
                        total=len(rows),
                    )
                )
    columns = differences.columns(version.signature)
    if columns:
        parts.append(
            AutomaticPartOut(
                key="interface",
                title="Inputs and outputs",
                version=version.number,
                run_id=None,
                run_name=None,
                at=version.created_at,
                rows=[CardRow(name=n, value=v) for n, v in list(columns.items())[:MOST_ROWS]],
                total=len(columns),
            )
        )
    return parts


def _data_row(found: tracking.LoggedDataset) -> CardRow:
    facts = [f"digest {found.digest}"]
    if found.row_count is not None:
        facts.append(f"{found.row_count:,} rows")
    if found.columns:
        facts.append(f"{len(found.columns)} columns")
    return CardRow(
        name=f"{found.name} ({found.role})" if found.role else found.name, value=", ".join(facts)
    )
