"""A page that listens to server-sent events."""

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import httpx

Message = tuple[str, dict[str, Any], str]
STREAM = {"Accept": "text/event-stream"}


def messages(lines: Iterable[str]) -> Iterator[Message]:
    """Read server-sent events: name, data, id."""
    said: dict[str, str] = {}
    for line in lines:
        if line.startswith(":"):
            continue
        if line:
            field, _, value = line.partition(": ")
            said[field] = value
        elif "data" in said:
            yield said["event"], json.loads(said["data"]), said.get("id", "")
            said = {}


def heard(url: str, token: str, position: str, until: Callable[[Message], bool]) -> list[Message]:
    """Listen from a position until a message is so; give everything that was said."""
    headers = {**STREAM, "Authorization": f"Bearer {token}"}
    resumed = {"Last-Event-ID": position} if position else {}
    found: list[Message] = []
    with httpx.Client(timeout=60) as http, http.stream("GET", url, headers=headers | resumed) as on:
        assert on.status_code == 200
        for message in messages(on.iter_lines()):
            found.append(message)
            if until(message):
                return found
    raise AssertionError(f"The stream ended: {found}")
