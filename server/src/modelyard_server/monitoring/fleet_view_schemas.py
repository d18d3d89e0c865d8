"""Wire shapes of saved views of the fleet page."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from modelyard_server.kernel import texts

Name = Annotated[str, Field(min_length=1, max_length=100, pattern=texts.NAME)]
State = Annotated[str, Field(max_length=2000, pattern=r"^[!-~]*$")]
"""The search part of the page's address, without `?`."""


class FleetViewCreate(BaseModel):
    """A view to keep; `state` is the search part of the page's address."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    state: State
    is_shared: bool = False


class FleetViewPatch(BaseModel):
    """What is to be different."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    state: State | None = None
    is_shared: bool | None = None


class FleetViewOut(BaseModel):
    """A saved view of the fleet page."""

    id: uuid.UUID
    name: str
    state: str
    is_shared: bool
    owner_name: str
    may_change: bool
    updated_at: dt.datetime
