"""Calls to a deployed model with an endpoint key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ._transport import Transport


@dataclass(frozen=True, slots=True)
class Prediction:
    """The answer to one call."""

    prediction_id: str
    """Quote it when the real outcome is known."""
    model_version: int
    predictions: list[Any]
    """One per row."""


class Endpoint:
    """One deployment's address and a key for it."""

    def __init__(self, url: str, key: str, *, timeout_seconds: float = 30.0) -> None:
        self._transport = Transport(url, key, timeout_seconds=timeout_seconds)

    def predict(self, rows: Sequence[dict[str, Any]]) -> Prediction:
        """Predict rows given as column-to-value mappings.

        Raises:
            Invalid: the input is wrong; `fields` names row, column and problem.
            Unavailable: no version is ready to answer.
        """
        answer = self._transport.post("/predict", {"rows": list(rows)})
        return Prediction(answer["prediction_id"], answer["version"], answer["predictions"])

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()
