"""What a rule asks. Values that come in by HTTP and are kept as JSON."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

CallSignal = Literal[
    "error_rate", "refused_rate", "p50_ms", "p95_ms", "p99_ms", "requests_per_minute"
]
EstimatedSignal = Literal[
    "estimated_accuracy",
    "estimated_precision",
    "estimated_recall",
    "estimated_f1",
    "estimated_auc",
    "estimated_log_loss",
    "estimated_brier",
    "estimated_mae",
    "estimated_rmse",
]
RealisedSignal = Literal[
    "realised_accuracy",
    "realised_precision",
    "realised_recall",
    "realised_f1",
    "realised_auc",
    "realised_log_loss",
    "realised_brier",
    "realised_mae",
    "realised_rmse",
    "realised_mape",
    "realised_ndcg",
    "realised_map",
    "realised_mrr",
    "realised_precision_at_k",
    "realised_recall_at_k",
    "realised_hit_rate",
]
Signal = Literal[CallSignal, EstimatedSignal, RealisedSignal]
METRICS = frozenset({*get_args(EstimatedSignal), *get_args(RealisedSignal)})
DAY_MINUTES = 24 * 60
FEW = 30  # rows of a day; below, a metric says little
Direction = Literal["above", "below"]
Real = Annotated[float, Field(allow_inf_nan=False, ge=0, le=1e12)]
Minutes = Annotated[int, Field(ge=1, le=7 * 24 * 60)]


class _Condition(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _OfSignal(_Condition):
    """What looks at a signal. A metric is judged by day: of its rows, 30 at least."""

    signal: Signal
    window_minutes: Minutes
    least_requests: int

    @model_validator(mode="before")
    @classmethod
    def _starts_as_its_signal_needs(cls, given: Any) -> Any:
        if isinstance(given, dict) and given.get("signal") in METRICS:
            return {"window_minutes": DAY_MINUTES, "least_requests": FEW} | given
        return given

    @model_validator(mode="after")
    def _suits_its_signal(self) -> Self:
        if not self.is_of_metric:
            return self
        if self.window_minutes != DAY_MINUTES:
            raise ValueError("a metric is judged by day: window_minutes is 1440")
        if self.least_requests < FEW:
            raise ValueError(f"a metric of fewer than {FEW} rows says little")
        return self

    @property
    def is_of_metric(self) -> bool:
        """Tell a metric of predictions from a count of calls."""
        return self.signal in METRICS


class Threshold(_OfSignal):
    """A signal above or below a number; it ends beyond `recover_threshold`."""

    kind: Literal["threshold"] = "threshold"
    direction: Direction = "above"
    threshold: Real
    recover_threshold: Real | None = None
    window_minutes: Minutes = 5
    least_requests: int = Field(20, ge=1, le=10**9)

    @model_validator(mode="after")
    def _ends_on_the_right_side(self) -> Self:
        end = self.recover_threshold
        if end is not None and (
            end > self.threshold if self.direction == "above" else end < self.threshold
        ):
            raise ValueError("recover_threshold lies on the firing side of threshold")
        return self


class Change(_OfSignal):
    """A signal that rose or fell by so many per cent."""

    kind: Literal["change"] = "change"
    direction: Direction = "above"
    percent: float = Field(50, gt=0, le=100_000, allow_inf_nan=False)
    against: Literal["last_week", "previous", "baseline"] = "last_week"
    """The same time a week ago, the window before, or the mean of the last seven days."""
    window_minutes: Minutes = 60
    least_requests: int = Field(50, ge=1, le=10**9)


class Anomaly(_Condition):
    """A signal outside the band it usually keeps at this time of day.

    Median ± `deviations` · 1.4826 · MAD of the same hour on earlier days (Hampel 1974).
    """

    kind: Literal["anomaly"] = "anomaly"
    signal: CallSignal
    direction: Literal["above", "below", "both"] = "above"
    deviations: float = Field(4, ge=1, le=50, allow_inf_nan=False)
    least_requests: int = Field(50, ge=1, le=10**9)


class NoData(_Condition):
    """No calls although there usually are some."""

    kind: Literal["no_data"] = "no_data"
    window_minutes: Minutes = 30
    usual_requests: int = Field(10, ge=1, le=10**9)
    """At least so many are usual in such a window; below, silence says nothing."""


class Down(_Condition):
    """The model server does not run."""

    kind: Literal["down"] = "down"


class Drift(_Condition):
    """Columns whose verdict is drift: inputs, the prediction, missing values, or inputs together.

    `joint`: what no input shows alone, in two of the last three windows; `muted` names pairs there.
    """

    kind: Literal["drift"] = "drift"
    of: Literal["inputs", "prediction", "missing", "joint"] = "inputs"
    muted: tuple[Annotated[str, Field(max_length=500)], ...] = Field((), max_length=500)
    """Columns that are left out."""


class Constraints(_Condition):
    """Columns whose values break the constraints that somebody chose for the deployment."""

    kind: Literal["constraints"] = "constraints"
    window: Literal["1h", "24h"] = "1h"
    muted: tuple[Annotated[str, Field(max_length=500)], ...] = Field((), max_length=500)
    """Columns that are left out."""


class Safeguards(_Condition):
    """Safeguards hold against more than a share of the calls, any one of them."""

    kind: Literal["safeguards"] = "safeguards"
    share: float = Field(0.05, ge=0, lt=1, allow_inf_nan=False)
    window_minutes: Minutes = 60
    least_requests: int = Field(20, ge=1, le=10**9)
    muted: tuple[Annotated[str, Field(max_length=500)], ...] = Field((), max_length=500)
    """Safeguards that are left out."""


class Quality(_Condition):
    """Realised quality that is worse than before by more than chance."""

    kind: Literal["quality"] = "quality"
    percent: float = Field(5, gt=0, le=100, allow_inf_nan=False)


class BurnRate(_Condition):
    """The error budget of an objective burns too fast, over a long and a short window at once."""

    kind: Literal["burn_rate"] = "burn_rate"
    objective: float = Field(0.99, ge=0.5, lt=1)
    slow_ms: Real | None = None
    """Calls slower than this count as bad too."""


Condition = Annotated[
    Threshold
    | Change
    | Anomaly
    | NoData
    | Down
    | Drift
    | Constraints
    | Safeguards
    | Quality
    | BurnRate,
    Field(discriminator="kind"),
]
Cause = Literal["availability", "latency", "data", "drift", "quality"]
_LATENCY = frozenset({"p50_ms", "p95_ms", "p99_ms"})


def cause_of(condition: Condition) -> Cause:
    """Name what an alert of such a rule is about; alerts are grouped by it."""
    match condition:
        case Drift(of="missing") | Constraints() | Safeguards():
            return "data"
        case Drift():
            return "drift"
        case Quality():
            return "quality"
        case Threshold() | Change() if condition.is_of_metric:
            return "quality"
        case Threshold() | Change() | Anomaly():
            if condition.signal in _LATENCY:
                return "latency"
            return "data" if condition.signal == "refused_rate" else "availability"
        case _:
            return "availability"
