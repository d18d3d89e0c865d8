"""The samples there are, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .errors import SampleMissing


@dataclass(frozen=True, slots=True)
class Sample:
    """What a sample is about and the names it uses."""

    key: str
    title: str
    summary: str
    source: str
    licence: str
    caution: str
    experiment: str
    model: str
    environment: str


SAMPLES = (
    Sample(
        key="breast-cancer",
        title="Breast cancer screening",
        summary=(
            "Trains a scikit-learn classifier on 30 measurements of cell images, registers and "
            "deploys it, sends it traffic, and compares that with the training data."
        ),
        source="Breast Cancer Wisconsin (Diagnostic), W. Wolberg et al., 1995; in scikit-learn",
        licence="CC BY 4.0",
        caution="For learning the product. Not for medical decisions.",
        experiment="Sample: breast cancer",
        model="sample-breast-cancer",
        environment="staging",
    ),
)
STEPS = (
    ("train", "Train a model"),
    ("register", "Register the version"),
    ("deploy", "Deploy to staging"),
    ("traffic", "Send traffic"),
    ("drift", "Compare with the training data"),
)


def sample(key: str) -> Sample:
    """Give a sample by key.

    Raises:
        SampleMissing: there is none.
    """
    for known in SAMPLES:
        if known.key == key:
            return known
    raise SampleMissing(f"There is no sample project {key!r}.")


def untouched_steps() -> list[dict[str, Any]]:
    """Give the steps of an installation that has not begun."""
    return [
        {"key": key, "title": title, "status": "pending", "detail": "", "seconds": None}
        for key, title in STEPS
    ]


def with_step(steps: list[dict[str, Any]], key: str, **changes: Any) -> list[dict[str, Any]]:
    """Give the steps with one changed."""
    return [{**step, **changes} if step["key"] == key else step for step in steps]
