"""Safeguards: what answers and inputs of a deployment may be, and what is done about the rest.

Pure functions over values, so that the gateway applies them on either lane and tests need none.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

MOST_SAFEGUARDS = 50
MOST_ALLOWED = 1000
SHOWN_ROWS = 20
NAMED = 4
CONFIDENCES = ("score", "probability", "confidence")
Column = Annotated[str, Field(min_length=1, max_length=500)]
Real = Annotated[float, Field(allow_inf_nan=False, ge=-1e300, le=1e300)]
Scalar = (
    bool
    | Annotated[int, Field(ge=-(2**53), le=2**53)]
    | Real
    | Annotated[str, Field(max_length=500)]
)


class SafeguardCheck(StrEnum):
    """What is asked of a value."""

    range = "range"
    missing = "missing"
    unknown = "unknown"
    confidence = "confidence"


class SafeguardAction(StrEnum):
    """What happens to an answer that a safeguard holds against."""

    flag = "flag"  # it is given, and the caller is told
    default = "default"  # the caller gets the default value, and is told
    refuse = "refuse"  # the whole call is answered 422


class Safeguard(BaseModel):
    """One rule at serving time.

    `column`: an input, or a part of an answer that has named parts; `None`: the answer itself.
    `range`: numbers from `minimum` to `maximum`. `missing`: null, NaN or infinite. `unknown`: not
    among `allowed`, compared as text. `confidence`: the model is less sure than `minimum`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$")
    on: Literal["answer", "input"] = "answer"
    column: Column | None = None
    check: SafeguardCheck
    minimum: Real | None = None
    maximum: Real | None = None
    allowed: tuple[Scalar, ...] | None = Field(None, min_length=1, max_length=MOST_ALLOWED)
    action: SafeguardAction = SafeguardAction.flag
    default: Scalar | None = None

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        for wrong, told in (
            (self.on == "input" and self.column is None, "an input needs its column"),
            (
                self.on == "input" and self.check is SafeguardCheck.confidence,
                "inputs have no confidence",
            ),
            (self._has_no_ends(), "range needs minimum or maximum"),
            (self._is_empty(), "minimum is above maximum"),
            (
                self.check is SafeguardCheck.unknown and self.allowed is None,
                "unknown needs allowed values",
            ),
            (self._wants_no_share(), "confidence needs a minimum between 0 and 1"),
            (
                self.action is SafeguardAction.default and self.default is None,
                "default needs a value",
            ),
        ):
            if wrong:
                raise ValueError(f"safeguard {self.name!r}: {told}")
        return self

    def _has_no_ends(self) -> bool:
        return self.check is SafeguardCheck.range and self.minimum is None and self.maximum is None

    def _is_empty(self) -> bool:
        low, high = self.minimum, self.maximum
        return low is not None and high is not None and low > high

    def _wants_no_share(self) -> bool:
        low = self.minimum
        return self.check is SafeguardCheck.confidence and (low is None or not 0 < low <= 1)

    def asks(self) -> str:
        """Say what is asked, for people."""
        what = self.column or "the answer"
        match self.check:
            case SafeguardCheck.range:
                return f"{what} is {_ends(self.minimum, self.maximum)}"
            case SafeguardCheck.missing:
                return f"{what} is there and finite"
            case SafeguardCheck.unknown:
                return f"{what} is {_one_of(self.allowed or ())}"
            case SafeguardCheck.confidence:
                return f"the model is at least {self.minimum or 0:.0%} sure"


class Held:
    """What safeguards held against one call: rows by name, and the answers after it."""

    __slots__ = ("answers", "is_changed", "refused", "rows")

    def __init__(self, answers: list[Any]) -> None:
        self.answers = answers
        self.is_changed = False
        self.refused: Safeguard | None = None
        self.rows: dict[str, list[int]] = {}

    def header(self, actions: Mapping[str, SafeguardAction]) -> str:
        """Write what the caller is told: name=action:rows, the first rows of each."""
        return "; ".join(
            f"{name}={actions[name].value}:{' '.join(map(str, rows[:SHOWN_ROWS]))}"
            for name, rows in self.rows.items()
        )


Holds = Callable[[Any], bool]
"""Tells whether a value is as asked."""


class Guard:
    """The safeguards of one deployment, ready to be applied."""

    __slots__ = ("_answers", "_inputs", "actions")

    def __init__(self, safeguards: Sequence[Safeguard]) -> None:
        pairs = [(one, holds(one)) for one in safeguards]
        self._answers = [pair for pair in pairs if pair[0].on == "answer"]
        self._inputs = [pair for pair in pairs if pair[0].on == "input"]
        self.actions = {one.name: one.action for one in safeguards}

    @property
    def looks_at_inputs(self) -> bool:
        """Tell whether the inputs are needed."""
        return bool(self._inputs)

    def apply(
        self, answers: list[Any], inputs: Callable[[str], Sequence[Any] | None]
    ) -> Held | None:
        """Hold the safeguards against a call; `None`: everything is as asked.

        `inputs` gives a column's values by row, `None` where the call has no such column.
        """
        found: Held | None = None
        for rule, is_sound in self._answers:
            rows = _answer_rows(rule, is_sound, answers)
            if rows:
                found = _add(found, rule, rows, answers)
        for rule, is_sound in self._inputs:
            values = inputs(rule.column or "")
            if values is not None:
                rows = [at for at, value in enumerate(values) if not is_sound(value)]
                if rows:
                    found = _add(found, rule, rows, answers)
        return found


def holds(rule: Safeguard) -> Holds:
    """Give the test of one value."""
    match rule.check:
        case SafeguardCheck.missing:
            return _is_there
        case SafeguardCheck.unknown:
            known = {text(value) for value in rule.allowed or ()}
            skips = rule.on == "input"  # a value that is not there is the check `missing`'s
            return lambda value: text(value) in known or (skips and value is None)
        case SafeguardCheck.confidence:
            return _sure(rule.minimum or 0.0)
        case SafeguardCheck.range:
            low = -math.inf if rule.minimum is None else rule.minimum
            high = math.inf if rule.maximum is None else rule.maximum
            return _between(low, high, skips=rule.on == "input")


def text(value: Any) -> str:
    """Write a value as the category it belongs to: 1, 1.0 and "1" are one."""
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is float and value.is_integer():
        return str(int(value))
    return str(value)


def sureness(answer: Any) -> float | None:
    """Give how sure the model was; `None` where the answer does not say.

    Of probabilities by class the largest; of one number between 0 and 1, the probability of the
    positive class, that of the likelier class; of named parts the one that says so.
    """
    if isinstance(answer, dict):
        part = next((answer[name] for name in CONFIDENCES if name in answer), None)
        return max(part, default=None) if isinstance(part, list) else part
    if isinstance(answer, list):
        numbers = [v for v in answer if type(v) is float or type(v) is int]
        return max(numbers, default=None) if len(numbers) == len(answer) else None
    if type(answer) is float or type(answer) is int:
        return max(answer, 1 - answer) if 0 <= answer <= 1 else None
    return None


def _answer_rows(rule: Safeguard, is_sound: Holds, answers: list[Any]) -> list[int]:
    column = rule.column
    if column is None:
        return [at for at, answer in enumerate(answers) if not is_sound(answer)]
    return [
        at
        for at, answer in enumerate(answers)
        if not is_sound(answer.get(column) if type(answer) is dict else answer)
    ]


def _add(found: Held | None, rule: Safeguard, rows: list[int], answers: list[Any]) -> Held:
    found = found or Held(answers)
    found.rows[rule.name] = rows
    if rule.action is SafeguardAction.refuse:
        found.refused = found.refused or rule
    elif rule.action is SafeguardAction.default:
        if not found.is_changed:
            found.answers, found.is_changed = list(answers), True
        for at in rows:
            if at < len(found.answers):
                found.answers[at] = _replaced(found.answers[at], rule)
    return found


def _replaced(answer: Any, rule: Safeguard) -> Any:
    if rule.on == "answer" and rule.column is not None and type(answer) is dict:
        return {**answer, rule.column: rule.default}
    return rule.default


def _is_there(value: Any) -> bool:
    if type(value) is list:
        return all(map(_is_there, value))
    if type(value) is dict:
        return all(map(_is_there, value.values()))
    return value is not None and (type(value) is not float or math.isfinite(value))


def _between(low: float, high: float, *, skips: bool) -> Holds:
    def is_sound(value: Any) -> bool:
        kind = type(value)
        if kind is float or kind is int:
            return bool(low <= value <= high)
        if kind is list:
            return all(map(is_sound, value))
        if kind is dict:
            numbers = [v for v in value.values() if type(v) is float or type(v) is int]
            return all(low <= v <= high for v in numbers)
        return (skips and value is None) or (kind is bool and low <= value <= high)

    return is_sound


def _sure(least: float) -> Holds:
    def is_sound(answer: Any) -> bool:
        known = sureness(answer)
        return known is None or known >= least

    return is_sound


def _ends(low: float | None, high: float | None) -> str:
    if low is None:
        return f"at most {high:g}"
    return f"at least {low:g}" if high is None else f"from {low:g} to {high:g}"


def _one_of(allowed: Sequence[Scalar]) -> str:
    if len(allowed) > NAMED:
        return f"one of {len(allowed)} allowed values"
    return " or ".join(map(text, allowed))
