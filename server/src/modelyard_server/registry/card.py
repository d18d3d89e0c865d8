"""Reads a model card: front matter, sections, and which required parts are missing."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import yaml

_FRONT = re.compile(r"\A---[ \t]*\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_HEADING = re.compile(r"^#{1,6}[ \t]+(.+?)[ \t]*#*[ \t]*$")
_FENCE = re.compile(r"^\s*(```|~~~)")
MAX_FRONT_BYTES = 20_000


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that a card must say."""

    key: str
    title: str
    words: tuple[str, ...]
    """A heading with one of these opens the part."""
    hint: str


PARTS = (
    Part("purpose", "Purpose", ("purpose", "summary"), "What the model decides or predicts."),
    Part("intended_use", "Intended use", ("intended use", "uses"), "Who uses it, for what."),
    Part(
        "out_of_scope",
        "Out-of-scope use",
        ("out-of-scope", "out of scope", "misuse"),
        "What it must not be used for.",
    ),
    Part("data", "Data", ("data", "training data"), "What it was trained and tested on."),
    Part("metrics", "Metrics", ("metrics", "evaluation", "results"), "How good it is, measured."),
    Part(
        "fairness",
        "Fairness",
        ("fairness", "bias", "ethical"),
        "For whom it works worse, and what was looked at.",
    ),
    Part(
        "limits",
        "Limits",
        ("limits", "limitations", "risks"),
        "Where it fails, and what is not known.",
    ),
    Part("contact", "Contact", ("contact", "maintainers"), "Whom to ask."),
)


@dataclass(frozen=True, slots=True)
class Card:
    """A card's text, read."""

    front_matter: dict[str, Any]
    front_matter_problem: str | None
    body: str
    written: frozenset[str]
    """Keys of the required parts that have words below their heading."""


def read(text: str) -> Card:
    """Read a card; what cannot be read is said, never raised."""
    match = _FRONT.match(text)
    if match is None:
        return Card({}, None, text, _written(text))
    body = text[match.end() :]
    front, problem = _front_matter(match.group(1))
    return Card(front, problem, body, _written(body))


def missing(written: Collection[str]) -> list[Part]:
    """List the required parts that nobody has written."""
    return [part for part in PARTS if part.key not in written]


def template() -> str:
    """Give a card with a heading for each required part."""
    return "\n\n".join(f"## {part.title}\n" for part in PARTS)


def _front_matter(raw: str) -> tuple[dict[str, Any], str | None]:
    if len(raw) > MAX_FRONT_BYTES:
        return {}, "The front matter is too long."
    if re.search(r"(^|[\s\[{,:])[&*][A-Za-z0-9]", raw):
        return {}, "The front matter uses YAML anchors or aliases, which are not read."
    try:
        found = yaml.load(raw, yaml.CSafeLoader)
        plain = json.loads(json.dumps(found, default=str, allow_nan=False))
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        return {}, f"The front matter is not valid YAML: {error}"
    if plain is None:
        return {}, None
    if not isinstance(plain, dict):
        return {}, "The front matter is not a mapping."
    return plain, None


def _written(body: str) -> frozenset[str]:
    found: set[str] = set()
    current: Part | None = None
    fenced = False
    for line in body.splitlines():
        if _FENCE.match(line):
            fenced = not fenced
        heading = None if fenced else _HEADING.match(line)
        if heading:
            current = (
                _part(heading.group(1).lower()) or current
                if _is_sub(line)
                else _part(heading.group(1).lower())
            )
        elif current is not None and line.strip():
            found.add(current.key)
    return frozenset(found)


def _is_sub(line: str) -> bool:
    return line.startswith("###")


def _part(heading: str) -> Part | None:
    best = [
        (len(word), part)
        for part in PARTS
        for word in part.words
        if re.search(rf"\b{re.escape(word)}\b", heading)
    ]
    return max(best, key=lambda found: found[0])[1] if best else None
