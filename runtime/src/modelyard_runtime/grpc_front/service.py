"""The service: each call is one request to the gateway."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

import grpc
import orjson

from modelyard_protocol.v2 import EXTENSIONS

from . import inference_pb2 as pb
from . import translate
from .gateway import Answer, Gateway, GatewayGone

MAX_MESSAGE_BYTES = 64 * 1024 * 1024  # an endpoint's own limit is the gateway's to keep
_SERVICE = "inference.GRPCInferenceService"
_PART = re.compile(r"[A-Za-z0-9._\-]{1,200}")
_PASSED = ("authorization", "x-request-id", "x-modelyard-sticky", "x-wake-timeout")
_CODES = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    401: grpc.StatusCode.UNAUTHENTICATED,
    403: grpc.StatusCode.PERMISSION_DENIED,
    404: grpc.StatusCode.NOT_FOUND,
    406: grpc.StatusCode.INVALID_ARGUMENT,
    413: grpc.StatusCode.RESOURCE_EXHAUSTED,
    415: grpc.StatusCode.INVALID_ARGUMENT,
    422: grpc.StatusCode.INVALID_ARGUMENT,
    429: grpc.StatusCode.RESOURCE_EXHAUSTED,
    503: grpc.StatusCode.UNAVAILABLE,
    504: grpc.StatusCode.DEADLINE_EXCEEDED,
}

Context = Any
Method = Callable[[Any, Context], Awaitable[Any]]


class Inference:
    """Answers the protocol's calls."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def handler(self) -> Any:
        """Give what a server serves."""
        calls: dict[str, tuple[Method, Any]] = {
            "ServerLive": (self._live, pb.ServerLiveRequest),
            "ServerReady": (self._ready, pb.ServerReadyRequest),
            "ModelReady": (self._model_ready, pb.ModelReadyRequest),
            "ServerMetadata": (self._metadata, pb.ServerMetadataRequest),
            "ModelMetadata": (self._model_metadata, pb.ModelMetadataRequest),
            "ModelInfer": (self._infer, pb.ModelInferRequest),
        }
        methods = {
            name: grpc.unary_unary_rpc_method_handler(
                call,
                request_deserializer=message.FromString,
                response_serializer=lambda answer: answer.SerializeToString(),
            )
            for name, (call, message) in calls.items()
        }
        return grpc.method_handlers_generic_handler(_SERVICE, methods)

    async def _live(self, message: pb.ServerLiveRequest, context: Context) -> pb.ServerLiveResponse:
        del message, context
        return pb.ServerLiveResponse(live=True)

    async def _ready(
        self, message: pb.ServerReadyRequest, context: Context
    ) -> pb.ServerReadyResponse:
        """Tell whether an endpoint answers, or without one whether the gateway does."""
        del message
        home = _metadata(context).get("modelyard-endpoint")
        path = f"{await _address(home, '', context)}/v2/health/ready" if home else "/livez"
        answer = await self._asked(path, context, allowed=(200, 503))
        return pb.ServerReadyResponse(ready=answer.status == 200)

    async def _metadata(
        self, message: pb.ServerMetadataRequest, context: Context
    ) -> pb.ServerMetadataResponse:
        del message, context
        return pb.ServerMetadataResponse(
            name="modelyard", version="0.1.0", extensions=list(EXTENSIONS)
        )

    async def _model_ready(
        self, message: pb.ModelReadyRequest, context: Context
    ) -> pb.ModelReadyResponse:
        path = await _model(message.name, message.version, context)
        answer = await self._asked(f"{path}/ready", context, allowed=(200, 503))
        return pb.ModelReadyResponse(ready=answer.status == 200)

    async def _model_metadata(
        self, message: pb.ModelMetadataRequest, context: Context
    ) -> pb.ModelMetadataResponse:
        path = await _model(message.name, message.version, context)
        return translate.metadata((await self._asked(path, context)).body)

    async def _infer(
        self, message: pb.ModelInferRequest, context: Context
    ) -> pb.ModelInferResponse:
        path = await _model(message.model_name, message.model_version, context)
        try:
            body, size = translate.request(message)
        except translate.BadMessage as wrong:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(wrong))
        answer = await self._asked(f"{path}/infer", context, body=body, size=size)
        kept = [
            (name, answer.headers[name])
            for name in ("x-prediction-id", "x-model-version", "x-modelyard-revision")
            if name in answer.headers
        ]
        await context.send_initial_metadata(kept)
        head = answer.headers.get("inference-header-content-length", str(len(answer.body)))
        return translate.response(answer.body, int(head))

    async def _asked(
        self,
        path: str,
        context: Context,
        *,
        body: bytes | None = None,
        size: int = 0,
        allowed: tuple[int, ...] = (200,),
    ) -> Answer:
        given = _metadata(context)
        headers = {name: given[name] for name in _PASSED if name in given}
        if body is not None:
            headers["Content-Type"] = "application/octet-stream"
            headers["Inference-Header-Content-Length"] = str(size)
        method = "GET" if body is None else "POST"
        try:
            answer = await self._gateway.ask(method, path, headers, body or b"")
        except GatewayGone as gone:
            await context.abort(grpc.StatusCode.UNAVAILABLE, str(gone))
        if answer.status not in allowed:
            await _refuse(answer, context)
        return answer


async def _refuse(answer: Answer, context: Context) -> NoReturn:
    """End a call as the gateway did; the code of the problem is in the trailing metadata."""
    try:
        problem = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        problem = {}
    told = [("modelyard-code", str(problem.get("code", "inference.refused")))]
    if "retry-after" in answer.headers:
        told.append(("retry-after", answer.headers["retry-after"]))
    code = _CODES.get(answer.status, grpc.StatusCode.INTERNAL)
    await context.abort(code, str(problem.get("detail", "The call failed.")), tuple(told))
    raise AssertionError  # abort never returns


def _metadata(context: Context) -> dict[str, str]:
    """Give what a caller sent beside the message, without what could break a header line."""
    return {
        name: value
        for name, value in context.invocation_metadata() or ()
        if isinstance(value, str) and "\r" not in value and "\n" not in value
    }


async def _model(name: str, version: str, context: Context) -> str:
    """Give the path of a model: its name is the endpoint's address, or the last part of it."""
    home = _metadata(context).get("modelyard-endpoint", "")
    path = await _address(name if "/" in name else home, name, context)
    if version and not (version.isascii() and version.isdigit() and len(version) < 10):
        await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "A model version is a number.")
    model = f"{path}/v2/models/{path.rsplit('/', 1)[1]}"
    return f"{model}/versions/{version}" if version else model


async def _address(given: str, name: str, context: Context) -> str:
    parts = given.strip("/").split("/")
    if len(parts) == 2 and name:
        parts.append(name)
    if len(parts) != 3 or not all(_PART.fullmatch(part) for part in parts):
        detail = (
            "Name the model workspace/environment/deployment, or send the metadata "
            "modelyard-endpoint: workspace/environment beside its name."
        )
        await context.abort(grpc.StatusCode.NOT_FOUND, detail)
    return "/" + "/".join(parts)
