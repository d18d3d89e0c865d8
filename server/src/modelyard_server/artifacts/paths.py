"""Which paths artifacts may have.

Paths are keys in a table; still, they are refused rather than cleaned, because files are written
out under them when a model is materialised.
"""

from __future__ import annotations

import re

from .errors import PathRefused

_LONGEST = 1024
_LONGEST_NAME = 255
_ENCODED = re.compile(r"%(?:2e|2f|5c|00|25)", re.IGNORECASE)
_DRIVE = re.compile(r"[A-Za-z]:")


def checked(path: str) -> str:
    """Give a relative path of plain names back.

    Raises:
        PathRefused: it climbs, is absolute, is encoded twice, or has unprintable characters.
    """
    if not path or len(path) > _LONGEST:
        raise PathRefused(f"An artifact path has 1 to {_LONGEST} characters.")
    if _ENCODED.search(path) or "\\" in path or not path.isprintable():
        raise PathRefused("The artifact path has characters that are not allowed.")
    for name in path.split("/"):
        if name in {"", ".", ".."} or len(name) > _LONGEST_NAME or _DRIVE.match(name):
            raise PathRefused("The artifact path must be relative, made of names and slashes.")
    return path


def folder(path: str) -> str:
    """Give a checked path as the prefix of what lies below it; the empty path is the root."""
    return f"{checked(path.rstrip('/'))}/" if path.strip("/") else ""


def ancestors(path: str) -> list[str]:
    """List the folders above a path."""
    names = path.split("/")
    return ["/".join(names[:depth]) for depth in range(1, len(names))]
