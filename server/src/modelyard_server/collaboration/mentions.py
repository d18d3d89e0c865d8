"""Who is meant by `@ana`: the part of an address before the @, or the whole when two share it."""

from __future__ import annotations

import re
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_CODE = re.compile(r"(```|~~~).*?(\1|\Z)|`[^`\n]*`", re.DOTALL)
_MENTION = re.compile(r"(?<![\w.@/+\-])@([a-z0-9][a-z0-9._%+\-]*(?:@[a-z0-9.\-]+)?)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can be mentioned."""

    user_id: uuid.UUID
    display_name: str
    email: str


def handles(people: Iterable[Person]) -> dict[str, Person]:
    """Give each person a short name that nobody else has."""
    everybody = list(people)
    short = Counter(_short(person.email) for person in everybody)
    return {
        (_short(person.email) if short[_short(person.email)] == 1 else person.email.lower()): person
        for person in everybody
    }


def mentioned(body: str, known: Mapping[str, Person]) -> dict[str, Person]:
    """Find who a text names; what stands in code is no mention."""
    found: dict[str, Person] = {}
    for match in _MENTION.finditer(_CODE.sub(" ", body)):
        word = match.group(1).lower().rstrip(".-")
        if word in known:
            found[word] = known[word]
    return found


def _short(email: str) -> str:
    return email.partition("@")[0].lower()
