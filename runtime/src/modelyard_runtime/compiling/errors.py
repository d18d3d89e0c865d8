"""Why a model has no graph."""

from __future__ import annotations


class NotConvertible(Exception):
    """There is no graph for this model; the text says why."""
