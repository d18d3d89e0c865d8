"""What the background thread does besides following journals."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Collection
from pathlib import Path

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.deployments.ports import NodeState
from modelyard_server.kernel.db import Database
from modelyard_server.kernel.services import Services
from modelyard_server.workspaces import service as workspaces

from . import (
    evaluation,
    importances,
    joint_hours,
    journal,
    outcome_hours,
    outcome_sources,
    retention,
)
from .models import JournalFile
from .ports import Catalogue, Unread
from .segmenter import PREFIX

KEPT_SECONDS = 600.0  # a finished journal stays this long, for whoever investigates


def journal_folder(services: Services) -> Path:
    """Give the folder the node writes its journals to."""
    return services.get(NodeState).journal_dir()  # type: ignore[type-abstract]


def reported_folder(services: Services) -> Path:
    """Give the folder of the journals that reported rows are written to."""
    return journal_folder(services).parent / "reported"


def tidy(database: Database, catalogue: Catalogue, blobs: BlobStore, *folders: Path) -> None:
    """Delete applied journals, bring every workspace inside its bounds, and judge new rows."""
    gone = [name for folder in folders for name in delete_applied(database, folder)]
    for workspace_id in workspaces.every_id(database):
        tidy_one(database, catalogue, blobs, workspace_id, gone)


def tidy_one(
    database: Database,
    catalogue: Catalogue,
    blobs: BlobStore,
    workspace_id: int,
    gone: Collection[str] = (),
) -> None:
    """Bring one workspace inside its bounds and judge its new rows; `gone`: deleted journals."""
    with database.session(workspace_id) as db:
        subjects = catalogue.every(db)
        retention.tidy(db, [subject.deployment_id for subject in subjects], gone)
        importances.enqueue_missing(db, subjects)
        outcome_sources.enqueue_due(db)
    outcome_hours.pack_due(database, workspace_id)
    evaluation.run(database, catalogue, workspace_id)
    joint_hours.run(database, catalogue, blobs, workspace_id)


def delete_applied(database: Database, folder: Path) -> list[str]:
    """Delete finished journals that have been applied to their end; give their names.

    Only positions of files deleted here are forgotten: other machines have journals of their own.
    """
    files = journal.list_files(folder)
    with database.platform_session(write=False) as db:
        read = {row.name: row.offset for row in db.scalars(select(JournalFile))}
    gone: list[str] = []
    for file in files:
        stat = file.path.stat()
        behind = min(read.get(file.name, 0), read.get(PREFIX + file.name, 0))
        applied = behind >= stat.st_size
        if file.is_finished and applied and time.time() - stat.st_mtime > KEPT_SECONDS:
            file.path.unlink()
            gone.append(file.name)
    if gone:
        with database.platform_session() as db:
            names = [*gone, *(PREFIX + name for name in gone)]
            db.execute(delete(JournalFile).where(JournalFile.name.in_(names)))
    return gone


def unread(db: Session, folder: Path) -> Unread:
    """Give the journal bytes that have not been applied, and when the oldest record was made."""
    read = {row.name: row.offset for row in db.scalars(select(JournalFile))}
    size, since = 0, None
    for file in journal.list_files(folder):
        offset = read.get(file.name, 0)
        try:
            waiting = file.path.stat().st_size - offset
            made_us = journal.first_instant_us(file, offset) if waiting > 0 else None
        except FileNotFoundError:
            continue  # applied to its end and deleted meanwhile
        size += max(0, waiting)
        if made_us is not None:
            made = dt.datetime.fromtimestamp(made_us / 1e6, dt.UTC)
            since = made if since is None else min(since, made)
    return Unread(size, since)
