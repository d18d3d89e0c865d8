"""Wire shapes of estimates without outcomes, and of the reference they are learned from."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import BaseModel

from .outcome_schemas import Measure, QualityRange, Task

Source = Literal["uploaded", "outcomes"]


class ReferenceOut(BaseModel):
    """Rows whose outcome is known, uploaded for one version. `columns`: its inputs."""

    name: str
    version: int
    rows: int
    size_bytes: int
    columns: list[str]
    has_answers: bool
    has_outcomes: bool
    is_baseline: bool
    created_at: dt.datetime
    created_by_name: str


class EstimateBasis(BaseModel):
    """What an estimate was learned from."""

    source: Source
    name: str
    version: int
    rows: int


class EstimateCheck(BaseModel):
    """What the estimate says on rows of its basis that were held back, and what came true.

    `calibration_error`: of classes, above what chance gives.
    """

    metric: Literal["accuracy", "mae"]
    estimated: float
    realised: float
    calibration_error: float | None


class EstimatePoint(BaseModel):
    """One window of predictions. `n`: rows it rests on, a sample where there are very many.

    `separability`: how well live rows are told from the basis, 0.5 alike to 1 nothing in common.
    `is_outside`: too well, so that the window has no estimate.
    """

    at: dt.datetime
    n: int
    few: bool
    separability: float | None
    is_outside: bool
    measures: list[Measure]


class EstimateOut(BaseModel):
    """Expected quality without outcomes, by the time of the prediction.

    It rests on `rows_read` of `rows_kept`; `is_sample`: on an even part of each window.
    """

    range: QualityRange
    since: dt.datetime
    until: dt.datetime
    step_seconds: int
    task: Task
    method: Literal["CBPE", "DLE"]
    basis: EstimateBasis
    check: EstimateCheck
    assumption: str
    rows_read: int
    rows_kept: int
    is_sample: bool
    total: EstimatePoint
    points: list[EstimatePoint]


class NoEstimate(BaseModel):
    """Why there is no estimate, in place of a refusal of the same code."""

    code: str
    detail: str
