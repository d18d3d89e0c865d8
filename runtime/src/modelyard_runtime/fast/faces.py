"""Answers with everything that is the same for all calls of a target written beforehand."""

from __future__ import annotations

from typing import Any

import orjson

from modelyard_protocol.answers import encode
from modelyard_protocol.package import Signature
from modelyard_protocol.records import Skin
from modelyard_protocol.routing import Target


class Face:
    """How one target answers."""

    __slots__ = ("_end", "_model", "_signature", "_start", "head", "headers", "version")

    def __init__(self, target: Target, model: str, signature: Signature) -> None:
        self._model, self._signature = model, signature
        self.version = target.version
        self.headers = {
            "X-Model-Version": str(target.version),
            "X-Modelyard-Revision": str(target.revision),
        }
        lines = [
            "HTTP/1.1 200 OK",
            "Content-Type: application/json",
            "Cache-Control: no-store",
            *(f"{name}: {value}" for name, value in self.headers.items()),
            "X-Prediction-Id: ",
        ]
        self.head = "\r\n".join(lines).encode("latin-1")
        sample = {"prediction_id": "?", "model": model, "version": target.version}
        whole = orjson.dumps(sample)
        at = whole.index(b'"?"')
        self._start, self._end = whole[: at + 1], whole[at + 2 : -1] + b',"predictions":'

    def body(
        self, skin: Skin, predictions: list[Any], name: bytes, request_id: str | None
    ) -> bytes:
        """Write the answer of one call."""
        if skin is Skin.predict:
            return self._start + name + self._end + orjson.dumps(predictions) + b"}"
        if skin is Skin.invocations:
            return b'{"predictions":' + orjson.dumps(predictions) + b"}"
        return encode(
            skin,
            predictions,
            prediction_id=name.decode(),
            model=self._model,
            version=self.version,
            signature=self._signature,
            request_id=request_id,
        )

    def response(self, name: bytes, request_id: bytes, body: bytes) -> bytes:
        """Write head and body of an answer on a connection that stays open."""
        return b"%b%b\r\nX-Request-Id: %b\r\nContent-Length: %d\r\n\r\n%b" % (
            self.head,
            name,
            request_id or name,
            len(body),
            body,
        )
