"""Wire shapes of a model's page: card, differences, lineage, protected aliases."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class CardPartOut(BaseModel):
    """One thing a card must say."""

    key: str
    title: str
    hint: str
    is_written: bool
    is_automatic: bool


class CardRow(BaseModel):
    name: str
    value: str


class AutomaticPartOut(BaseModel):
    """What is known without anybody writing it, from where, and from when."""

    key: str
    title: str
    version: int
    run_id: str | None
    run_name: str | None
    at: dt.datetime
    rows: list[CardRow]
    total: int


class CardOut(BaseModel):
    text: str
    body: str
    """Without the front matter."""
    front_matter: dict[str, Any]
    front_matter_problem: str | None
    updated_at: dt.datetime | None
    parts: list[CardPartOut]
    automatic: list[AutomaticPartOut]
    template: str


class CardPut(BaseModel):
    text: str = Field(max_length=200_000)


class DifferenceOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    name: str
    a: str | None
    b: str | None
    changed: bool


class DifferenceGroupOut(BaseModel):
    key: Literal["signature", "environment", "metrics", "params", "files", "tags"]
    title: str
    changed: int
    rows: list[DifferenceOut]


class VersionDiffOut(BaseModel):
    model_id: uuid.UUID
    model_name: str
    a: int
    b: int
    groups: list[DifferenceGroupOut]


class ProtectedAliasOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    alias: str
    created_at: dt.datetime
    created_by_name: str


class LineageNodeOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str
    kind: Literal["dataset", "commit", "run", "logged_model", "version", "alias", "deployment"]
    name: str
    detail: str
    path: str | None
    """Address in the web application, without the workspace."""
    depth: int
    """Steps from the version: negative where it comes from, positive where it goes."""


class LineageEdgeOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    source: str
    target: str
    says: str


class ConsequenceOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    node: str
    effect: Literal["refused", "removed", "stays"]
    says: str


class LineageOut(BaseModel):
    root: str
    nodes: list[LineageNodeOut]
    edges: list[LineageEdgeOut]
    if_deleted: list[ConsequenceOut]
    is_complete: bool
    """Not when there was more than a page can show."""
