"""When two predictions are the same."""

from __future__ import annotations

import math
from typing import Any

TOLERANCE = 1e-6  # BLAS adds in another order for another batch size


def equal(left: Any, right: Any, tolerance: float = TOLERANCE) -> bool:
    """Compare predictions: numbers within a relative tolerance, everything else exactly."""
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equal, left, right, [tolerance] * len(left)))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(
            equal(left[key], right[key], tolerance) for key in left
        )
    numbers = (int, float)
    if isinstance(left, bool) or isinstance(right, bool):
        return bool(left == right)
    if isinstance(left, numbers) and isinstance(right, numbers):
        if math.isnan(left) or math.isnan(right):
            return math.isnan(left) and math.isnan(right)
        return math.isclose(left, right, rel_tol=tolerance, abs_tol=tolerance * 1e-3)
    return bool(left == right)
