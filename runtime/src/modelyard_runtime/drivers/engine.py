"""The part of the Docker Engine's HTTP interface that the driver needs, over its Unix socket."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx

_CALL_SECONDS = 30.0
_HEAD = 8  # of a piece of log: u8 stream, three unused bytes, u32 length, big endian
_MAX_PIECE = 1024 * 1024


class EngineRefused(RuntimeError):
    """The engine answered that it cannot; `status` is its HTTP status."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status


class EngineGone(RuntimeError):
    """There is no engine behind the socket."""


class Engine:
    """One Docker engine. Paths without a version: it answers as its newest."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._http = httpx.AsyncClient(
            transport=httpx.AsyncHTTPTransport(uds=str(path)),
            base_url="http://docker",
            timeout=_CALL_SECONDS,
        )

    async def containers(self, *labels: str, running: bool = False) -> list[dict[str, Any]]:
        """List containers that carry all these labels."""
        filters: dict[str, list[str]] = {"label": list(labels)}
        if running:
            filters["status"] = ["running"]
        query = {"all": "1", "filters": json.dumps(filters)}
        found: list[dict[str, Any]] = await self._call("GET", "/containers/json", params=query)
        return found

    async def create(self, name: str, body: dict[str, Any]) -> str:
        """Make a container; give its id."""
        made = await self._call("POST", "/containers/create", params={"name": name}, json=body)
        return str(made["Id"])

    async def start(self, container: str) -> None:
        """Start a container."""
        await self._call("POST", f"/containers/{container}/start")

    async def inspect(self, container: str) -> dict[str, Any]:
        """Give the facts of a container."""
        found: dict[str, Any] = await self._call("GET", f"/containers/{container}/json")
        return found

    async def wait(self, container: str) -> None:
        """Return when a container does not run any more."""
        await self._call("POST", f"/containers/{container}/wait", timeout=None)

    async def kill(self, container: str) -> None:
        """End a container at once."""
        await self._call("POST", f"/containers/{container}/kill")

    async def remove(self, container: str) -> None:
        """End and remove a container; one that is gone already is no error."""
        try:
            await self._call("DELETE", f"/containers/{container}", params={"force": "1"})
        except EngineRefused as refusal:
            if refusal.status not in {404, 409}:
                raise

    async def output(self, container: str, tail: int) -> AsyncIterator[bytes]:
        """Give what a container printed last, then what it prints, until it ends."""
        query = {"follow": "1", "stdout": "1", "stderr": "1", "tail": str(tail)}
        path = f"/containers/{container}/logs"
        held = b""
        async with self._http.stream("GET", path, params=query, timeout=None) as answer:
            async for block in answer.aiter_raw():
                held += block
                while len(held) >= _HEAD:
                    length = int.from_bytes(held[4:_HEAD], "big")
                    if length > _MAX_PIECE:
                        return
                    if len(held) < _HEAD + length:
                        break
                    yield held[_HEAD : _HEAD + length]
                    held = held[_HEAD + length :]

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def _call(self, method: str, path: str, **options: Any) -> Any:
        try:
            answer = await self._http.request(method, path, **options)
        except httpx.HTTPError as error:
            text = f"The Docker engine at {self.path} does not answer: {error or type(error)}"
            raise EngineGone(text) from error
        if answer.status_code >= 400:
            raise EngineRefused(_message(answer), answer.status_code)
        return answer.json() if answer.content else None


def _message(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        return f"status {answer.status_code}"
