"""Ids of requests and predictions."""

from __future__ import annotations

import random
import time


def new_id() -> str:
    """Give an id that sorts by time."""
    return f"{time.time_ns() // 1_000_000:012x}{random.getrandbits(80):020x}"
