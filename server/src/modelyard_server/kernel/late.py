"""Answers that are made after the request's transaction has committed and let go of its locks."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass

from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel
from starlette.types import Receive, Scope, Send


class LateAnswer(Response):
    """JSON of what `make` gives, called in a thread when the answer leaves.

    For what may take long and must not hold a transaction open: asking a model server, hashing
    files. Refusals raised by `make` are answered like any other.
    """

    def __init__(
        self,
        make: Callable[[], BaseModel],
        status_code: int = 200,
    ) -> None:
        super().__init__(status_code=status_code, media_type="application/json")
        self._make = make

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Make the body, then send it."""
        made = await run_in_threadpool(self._make)
        body = made.model_dump_json()
        ready = Response(body, self.status_code, media_type=self.media_type)
        await ready(scope, receive, send)


@dataclass(frozen=True, slots=True)
class Streamed:
    """An answer of somebody else that is passed on as it comes; closing `chunks` ends it."""

    status: int
    headers: Mapping[str, str]
    chunks: Generator[bytes]


class LateStream(Response):
    """An answer that is passed on as it comes, from `begin`, called in a thread when it leaves.

    Refusals raised by `begin` are answered like any other. Who goes away ends it.
    """

    media_type = "text/event-stream"

    def __init__(self, begin: Callable[[], Streamed], status_code: int = 200) -> None:
        super().__init__(status_code=status_code)
        self._begin = begin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Begin, then send what comes."""
        followed = await run_in_threadpool(self._begin)
        headers = {**followed.headers, "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        try:
            passed = StreamingResponse(followed.chunks, followed.status, headers)
            await passed(scope, receive, send)
        finally:
            await run_in_threadpool(followed.chunks.close)
