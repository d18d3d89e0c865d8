"""What may be kept of a call's rows, column by column. Pure functions."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache
from typing import Any

from modelyard_protocol.language import PROMPT, RESPONSE

from .grid import category

HIDDEN = "•••"
RETENTION_DAYS = 30
_SENSITIVE = re.compile(
    r"(?:^|[_\W])(?:(?:first|last|full|middle|maiden|sur|given|family)?_?names?|surname|e?_?mail|"
    r"phone|mobile|tel|fax|ssn|social_?security(?:_?number)?|iban|bic|passw(?:or)?d|card_?number|"
    r"credit_?card|cvv|passport|birth_?(?:date|day)|date_?of_?birth|dob|street|address|postcode|"
    r"zip|ip_?address|licen[cs]e_?plate|tax_?id|national_?id)(?:$|[_\W\d])",
    re.IGNORECASE,
)
_ANYWHERE = re.compile(
    r"password|passwd|ssn|social_security|iban|email|phone|card_number", re.IGNORECASE
)
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
Row = dict[str, Any]


class Keep(StrEnum):
    """What is kept of a column's values."""

    store = "store"
    hash = "hash"  # the same value gives the same word; the value cannot be read back
    count_only = "count_only"  # counted for drift, never kept in a row
    drop = "drop"  # neither


@dataclass(frozen=True, slots=True)
class Policy:
    """What one deployment's capture keeps. Columns that are not named follow their name."""

    columns: Mapping[str, Keep] = field(default_factory=dict)
    rate: float = 1.0
    """Share of calls whose rows are kept; failed calls always are, counts are always complete."""
    retention_days: int = RETENTION_DAYS
    entity: str | None = None
    """Column that names whom a row is about, for erasure."""

    def of(self, column: str) -> Keep:
        """Give what is kept of a column; sensitive names are only counted unless told otherwise."""
        return self.columns.get(column) or (Keep.count_only if is_sensitive(column) else Keep.store)

    def keeps(self, prediction_id: str, status: int) -> bool:
        """Tell whether a call's rows are kept: by its id, so that every replica agrees."""
        if self.rate >= 1 or status >= 400:
            return True
        digest = hashlib.blake2b(prediction_id.encode(), digest_size=8).digest()
        return int.from_bytes(digest) < self.rate * 2**64

    def weight(self, status: int) -> float:
        """Give how many calls a kept one stands for."""
        return 1.0 if status >= 400 or self.rate <= 0 else 1 / self.rate


def of_texts(policy: Policy) -> Policy:
    """Give the policy of a language endpoint: its texts are counted unless told otherwise."""
    columns = {PROMPT: Keep.count_only, RESPONSE: Keep.count_only, **policy.columns}
    return replace(policy, columns=columns)


@lru_cache(maxsize=10_000)
def is_sensitive(column: str) -> bool:
    """Tell whether a name says that the column is about a person's identity."""
    snake = _HUMP.sub("_", column)
    return bool(_SENSITIVE.search(snake) or _ANYWHERE.search(snake))


class Mask:
    """Gives rows for people to look at: hidden and hashed columns say so."""

    def __init__(self, policy: Policy, key: bytes) -> None:
        self._policy, self._key = policy, key
        self._known: dict[tuple[str, ...], dict[str, Keep]] = {}

    def over(self, row: Row) -> Row:
        """Give a row as it may be shown."""
        special = self._special(tuple(row))
        if not special:
            return row
        hidden = {
            name: hashed(row[name], self._key) if keep is Keep.hash else HIDDEN
            for name, keep in special.items()
        }
        return {**row, **hidden}

    def _special(self, names: tuple[str, ...]) -> dict[str, Keep]:
        """Look a row's columns up once: a batch has thousands of rows of the same."""
        held = self._known.get(names)
        if held is None:
            keeps = ((name, self._policy.of(name)) for name in names)
            held = {name: keep for name, keep in keeps if keep is not Keep.store}
            self._known[names] = held
        return held


def hashed(value: Any, key: bytes) -> str | None:
    """Give the word that stands for a value."""
    if value is None:
        return None
    return hmac.new(key, category(value).encode(), hashlib.sha256).hexdigest()[:24]
