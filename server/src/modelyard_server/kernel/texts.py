"""Patterns of texts that people write: PostgreSQL stores no NUL, and blanks alone say nothing."""

from __future__ import annotations

NAME = r"^[^\x00-\x1f]*[^\x00-\x1f\s][^\x00-\x1f]*$"
"""One line with something to read."""
PROSE = r"^[^\x00]*[^\x00\s][^\x00]*$"
"""Lines with something to read."""
