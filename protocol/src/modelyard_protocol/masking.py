"""Keeps what a model finds in its environment variables out of what is told about it."""

from __future__ import annotations

from collections.abc import Mapping

SHORTEST = 8  # what is shorter is in every text, and no secret
_MOST_HELD = 64 * 1024


class Mask:
    """Puts a variable's name where its value stands: `[API_TOKEN]`."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        found = {
            line.strip(): f"[{name}]"
            for name, value in variables.items()
            for line in value.splitlines()
            if len(line.strip()) >= SHORTEST
        }
        # The longest first: one value may be a part of another.
        self._texts = sorted(found.items(), key=lambda pair: -len(pair[0]))
        self._bytes = [(value.encode(), name.encode()) for value, name in self._texts]

    def __bool__(self) -> bool:
        """Tell whether there is anything to hide."""
        return bool(self._texts)

    def text(self, said: str) -> str:
        """Hide values in a text."""
        for value, name in self._texts:
            said = said.replace(value, name)
        return said

    def data(self, said: bytes) -> bytes:
        """Hide values in bytes."""
        for value, name in self._bytes:
            said = said.replace(value, name)
        return said


class MaskedStream:
    """Hides values in what comes in pieces: a value may be in two pieces, but not in two lines."""

    def __init__(self, mask: Mask) -> None:
        self._mask, self._held = mask, b""

    def feed(self, piece: bytes) -> bytes:
        """Give what can be told now: whole lines, if there is anything to hide."""
        if not self._mask:
            return piece
        whole, end, self._held = (self._held + piece).rpartition(b"\n")
        told = self._mask.data(whole) + end
        return told + (self.rest() if len(self._held) > _MOST_HELD else b"")

    def rest(self) -> bytes:
        """Give the line that has not ended, which is then over."""
        held, self._held = self._held, b""
        return self._mask.data(held)
