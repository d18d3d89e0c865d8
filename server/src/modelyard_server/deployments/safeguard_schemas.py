"""What is asked and told about the safeguards of a deployment."""

from __future__ import annotations

import datetime as dt
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from modelyard_protocol.safeguards import MOST_SAFEGUARDS, Safeguard


class SafeguardsPut(BaseModel):
    """All safeguards from now on; those that are not named are gone."""

    model_config = ConfigDict(extra="forbid")

    safeguards: list[Safeguard] = Field(max_length=MOST_SAFEGUARDS)
    based_on: int | None = Field(None, ge=0)
    """The version that was read; refused when somebody changed it meanwhile."""

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [one.name for one in self.safeguards]
        if len(set(names)) != len(names):
            raise ValueError("two safeguards have the same name")
        return self


class SafeguardsOut(BaseModel):
    """What answers and inputs may be, and what is done about the rest.

    `version` grows with each change. `inputs`: columns a safeguard can look at.
    """

    version: int
    safeguards: list[Safeguard]
    inputs: list[str]
    updated_at: dt.datetime | None
    updated_by_name: str | None
