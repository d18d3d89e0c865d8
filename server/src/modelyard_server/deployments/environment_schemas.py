"""Wire shapes of environments."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from modelyard_protocol.routing import DriverName

from .schemas import Strategy


class Quota(BaseModel):
    """What deployments of an environment may take together; `null`: no limit."""

    model_config = ConfigDict(extra="forbid")

    deployments: int | None = Field(None, ge=0, le=100_000)
    cpu: float | None = Field(None, ge=0, le=100_000)
    memory_gb: float | None = Field(None, ge=0, le=1_000_000)


class Price(BaseModel):
    """What an hour of one core, of one GB of memory and of one GPU costs."""

    model_config = ConfigDict(extra="forbid")

    currency: str = Field(pattern=r"^[A-Z]{3}$")
    cpu_hour: float = Field(0.0, ge=0, le=1_000_000)
    gb_hour: float = Field(0.0, ge=0, le=1_000_000)
    gpu_hour: float = Field(0.0, ge=0, le=1_000_000)

    def an_hour(self, cpu: float, memory_gb: float, gpu: float) -> float:
        """Give what a process of that size costs an hour."""
        return cpu * self.cpu_hour + memory_gb * self.gb_hour + gpu * self.gpu_hour


class Used(BaseModel):
    deployments: int
    cpu: float
    memory_gb: float


class Policy(BaseModel):
    """What an environment asks for."""

    model_config = ConfigDict(extra="forbid")

    needs_reason: bool = False
    """Rollbacks say why."""
    needs_approval: bool = False
    """Versions name who approved them; rollbacks and restarts go without."""
    promote_only: bool = False
    """New deployments come by promotion."""
    strategy: Strategy | None = None
    """For next revisions without one of their own; `null`: guarded in production, else at once."""
    shadow_cap: int = Field(50, ge=1, le=100)
    """Percent of the calls that a shadow may get copies of."""
    driver: DriverName | None = None
    """Where its next model servers run; `null`: as the installation is set."""


class SecretOut(BaseModel):
    """A secret's name. Its value is never given."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    updated_at: dt.datetime
    updated_by_name: str


class EnvironmentOut(BaseModel):
    slug: str
    name: str
    rank: int
    variables: dict[str, str]
    secrets: list[SecretOut]
    quota: Quota
    price: Price | None
    """`null`: nobody has said what running costs there."""
    used: Used
    policy: Policy


Variables = Annotated[dict[str, Annotated[str, Field(max_length=32_768)]], Field(max_length=100)]


class EnvironmentCreate(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=200)
    slug: str | None = Field(None, pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")


class EnvironmentPatch(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(None, min_length=1, max_length=200)
    """Null leaves it as it is."""
    variables: Variables = Field(default_factory=dict)
    quota: Quota = Field(default_factory=Quota)
    price: Price | None = None
    policy: Policy = Field(default_factory=Policy)


class SecretSet(BaseModel):
    model_config = ConfigDict(extra="forbid")

    value: str = Field(min_length=1, max_length=32_768, pattern=r"^[^\x00]*$")
