"""Which names models, aliases and tags may have: MLflow's rules, and no more."""

from __future__ import annotations

import posixpath
import re

from .errors import NameRefused

MAX_NAME = 255
MAX_ALIAS = 255
MAX_TAG_KEY = 250
MAX_TAG_VALUE = 100_000
_ALIAS = re.compile(r"[A-Za-z0-9_\-]+")
_VERSION_LIKE = re.compile(r"[vV]\d+")
_TAG_KEY = re.compile(r"[\w\-. /:]+")


def model_name(name: str) -> str:
    """Give the name back when a model may have it.

    Raises:
        NameRefused: it is empty, too long, or cannot be part of an address.
    """
    if not name.strip():
        raise NameRefused("A model needs a name.")
    if "/" in name or ":" in name:
        raise NameRefused(f"Invalid model name '{name}'. Names cannot contain '/' or ':'.")
    if name in {".", ".."} or any(ord(character) < 32 for character in name):
        raise NameRefused(f"Invalid model name '{name}'.")
    if len(name) > MAX_NAME:
        raise NameRefused(f"A model name has at most {MAX_NAME} characters.")
    return name


def alias_name(alias: str) -> str:
    """Give the alias back when a version may have it.

    Raises:
        NameRefused: it is not letters, digits, `_` and `-`, or is read as a version.
    """
    if not _ALIAS.fullmatch(alias):
        raise NameRefused(
            f"Invalid alias name: '{alias}'. "
            "Use letters, digits, underscores and dashes, at least one."
        )
    if len(alias) > MAX_ALIAS:
        raise NameRefused(f"An alias has at most {MAX_ALIAS} characters.")
    if alias.lower() == "latest" or _VERSION_LIKE.fullmatch(alias):
        raise NameRefused(f"The alias '{alias}' is reserved.")
    return alias


def tag(key: str, value: str) -> tuple[str, str]:
    """Give the tag back when it may be stored.

    Raises:
        NameRefused: the key has other characters than MLflow allows, or one part is too long.
    """
    if not _TAG_KEY.fullmatch(key) or posixpath.normpath(key) != key or key.startswith(("/", "..")):
        raise NameRefused(f"Invalid tag key '{key}'.")
    if len(key) > MAX_TAG_KEY:
        raise NameRefused(f"A tag key has at most {MAX_TAG_KEY} characters.")
    if len(value) > MAX_TAG_VALUE:
        raise NameRefused(f"'value' exceeds the maximum length of {MAX_TAG_VALUE} characters.")
    return key, value
