"""What is asked and told about the processes of a deployment."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class ScalingSet(BaseModel):
    """How many processes serve each of its revisions."""

    model_config = ConfigDict(extra="forbid")

    min_replicas: int = Field(1, ge=0, le=32)
    """0: it sleeps after `idle_minutes` without a call, and a call wakes it."""
    max_replicas: int = Field(1, ge=1, le=32)
    target_concurrency: int = Field(4, ge=1, le=1000)
    """Calls that wait for one process before another one is started."""
    idle_minutes: float | None = Field(None, gt=0, le=7 * 24 * 60)


class SavedOut(BaseModel):
    """What processes that slept would have cost at the environment's price of today."""

    amount: float
    currency: str


class ScalingOut(BaseModel):
    min_replicas: int
    max_replicas: int
    target_concurrency: int
    idle_minutes: float | None
    is_default: bool
    """Nobody has set it; the environment's default holds."""
    replicas: int | None
    """Processes that answer now; `null`: nothing is live, or the node is down."""
    is_asleep: bool
    memory_mb: float | None
    slept_seconds: float
    """How long its processes have slept, all its revisions together."""
    saved: SavedOut | None
    """`null`: the environment has no price."""
