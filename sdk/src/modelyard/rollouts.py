"""How a next version gets its traffic, and what a shadow said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["all_at_once", "blue_green", "canary", "linear", "shadow"]


@dataclass(frozen=True, slots=True)
class Strategy:
    """A way into traffic; the server refuses what it cannot honour."""

    kind: Kind
    percent: int = 10
    """Share of a canary, size of a linear step, share of the calls a shadow gets copies of."""
    bake_seconds: int | None = 300
    """How long each step is watched; `None`: until somebody goes on."""
    guarded: bool = True
    """Go back by itself on failures, slow answers, refused input and drifting predictions."""
    tolerance: float = 0.01
    """Of a shadow: numbers that differ relatively by no more agree."""

    def as_json(self) -> dict[str, Any]:
        """Give the body of a request."""
        body = {
            "kind": self.kind,
            "percent": self.percent,
            "bake_seconds": self.bake_seconds,
            "tolerance": self.tolerance,
        }
        return body if self.guarded else {**body, "guards": None}


@dataclass(frozen=True, slots=True)
class Approval:
    """Who approved a version, as the deployment's history will tell it."""

    by: str
    url: str | None = None
    """Where that is written: a ticket, a change request, a review."""

    def as_json(self) -> dict[str, Any]:
        """Give the part of a request."""
        return {"by": self.by} if self.url is None else {"by": self.by, "url": self.url}


@dataclass(frozen=True, slots=True)
class ServingConfig:
    """How a version is served, chosen by hand; otherwise the server picks."""

    engine: str
    cpu: float = 1.0
    """Cores."""
    memory_gb: float = 1.0
    gpu: int = 0

    def as_json(self) -> dict[str, Any]:
        """Give the part of a request."""
        return {name: getattr(self, name) for name in self.__slots__}


def given(
    *,
    config: ServingConfig | None = None,
    strategy: Strategy | None = None,
    approval: Approval | None = None,
    **plain: Any,
) -> dict[str, Any]:
    """Give the body of a rollout's request: what was said, and nothing about the rest."""
    body = {name: value for name, value in plain.items() if value is not None}
    if config is not None:
        body |= {"use_auto_config": False, "config": config.as_json()}
    if strategy is not None:
        body["strategy"] = strategy.as_json()
    if approval is not None:
        body["approval"] = approval.as_json()
    return body


@dataclass(frozen=True, slots=True)
class ShadowReport:
    """How a shadow answered copies of live calls."""

    revision: int
    version: int
    is_running: bool
    calls: int
    failed: int
    dropped: int
    disagreement: float | None
    """Share of compared predictions that differ."""
    p95_ms: float | None
    live_p95_ms: float | None
    slices: tuple[tuple[str, float, float], ...]
    """(condition on the inputs, disagreement there, elsewhere), the worst first."""

    @classmethod
    def read(cls, item: dict[str, Any]) -> ShadowReport:
        """Read the server's answer."""
        slices = tuple(
            (one["condition"], one["disagreement"], one["elsewhere"]) for one in item["slices"]
        )
        names = set(cls.__slots__) - {"slices"}
        return cls(slices=slices, **{name: item[name] for name in names})


@dataclass(frozen=True, slots=True)
class EndpointKey:
    """A key of an endpoint, without its secret."""

    id: str
    name: str
    public_id: str
    expires_at: str | None
    last_used_at: str | None
    replaced_by: str | None = None
    """Public id of the key that was made in its place when it was rotated."""
