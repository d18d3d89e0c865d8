"""One HTTP connection pool, authentication, and refusals as exceptions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from ._errors import Unreachable, from_problem


class Transport:
    """Sends requests with a bearer token; raises `ModelyardError` on refusals."""

    def __init__(self, base_url: str, token: str | None, *, timeout_seconds: float = 30.0) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.base_url = base_url.rstrip("/")
        self._http = httpx.Client(
            base_url=self.base_url, headers=headers, timeout=timeout_seconds, follow_redirects=False
        )

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send one request.

        Raises:
            Unreachable: nobody answers at the address.
            ModelyardError: the server refused; the subclass follows the status.
        """
        try:
            answer = self._http.request(method, path, **options)
        except httpx.HTTPError as error:
            raise Unreachable(f"No answer from {self.base_url}: {error}") from error
        if answer.status_code >= 400:
            raise from_problem(answer.status_code, _json(answer))
        return answer

    @contextmanager
    def stream(self, path: str, headers: dict[str, str]) -> Iterator[httpx.Response]:
        """GET a large answer piece by piece; raises as `request`, also while it is read."""
        try:
            with self._http.stream("GET", path, headers=headers) as answer:
                if answer.status_code >= 400:
                    answer.read()
                    raise from_problem(answer.status_code, _json(answer))
                yield answer
        except httpx.HTTPError as error:
            raise Unreachable(f"No answer from {self.base_url}: {error}") from error

    def get(self, path: str, **params: Any) -> Any:
        """GET and decode; parameters that are None are left out."""
        given = {name: value for name, value in params.items() if value is not None}
        return _json(self.request("GET", path, params=given))

    def post(self, path: str, body: Any = None, **options: Any) -> Any:
        """POST JSON and decode the answer."""
        sent = body if body is not None else {}
        return _json(self.request("POST", path, json=sent, **options))

    def put(self, path: str, body: Any) -> Any:
        """PUT JSON and decode the answer."""
        return _json(self.request("PUT", path, json=body))

    def delete(self, path: str) -> None:
        """DELETE."""
        self.request("DELETE", path)

    def pages(self, path: str, **params: Any) -> Iterator[dict[str, Any]]:
        """Give every item of a paged list."""
        cursor: str | None = None
        while True:
            page = self.get(path, cursor=cursor, **params)
            yield from page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


def _json(answer: httpx.Response) -> Any:
    if not answer.content:
        return None
    try:
        return answer.json()
    except ValueError:
        return None
