"""Messages of the protocol's gRPC form to its HTTP form with binary tensors, and back."""

from __future__ import annotations

from typing import Any

import orjson

from modelyard_protocol.binary import CODES, pack

from . import inference_pb2 as pb

_CONTENTS = {
    "BOOL": "bool_contents",
    "INT8": "int_contents",
    "INT16": "int_contents",
    "INT32": "int_contents",
    "INT64": "int64_contents",
    "UINT8": "uint_contents",
    "UINT16": "uint_contents",
    "UINT32": "uint_contents",
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    "BYTES": "bytes_contents",
}


class BadMessage(ValueError):
    """A message that is no request of the protocol."""


def request(message: pb.ModelInferRequest) -> tuple[bytes, int]:
    """Give a call's HTTP body, and the length of its JSON part.

    Raises:
        BadMessage: the tensors' contents are not told in one way.
    """
    raw = message.raw_input_contents
    if raw and len(raw) != len(message.inputs):
        raise BadMessage(f"{len(message.inputs)} inputs, but {len(raw)} raw contents.")
    if raw and any(entry.HasField("contents") for entry in message.inputs):
        raise BadMessage("Send contents or raw_input_contents, not both.")
    blocks = list(raw) or [_packed(entry) for entry in message.inputs]
    inputs = [
        {
            "name": entry.name,
            "datatype": entry.datatype,
            "shape": list(entry.shape),
            "parameters": {"binary_data_size": len(block)},
        }
        for entry, block in zip(message.inputs, blocks, strict=True)
    ]
    parameters = {**_parameters(message.parameters), "binary_data_output": True}
    document: dict[str, Any] = {"inputs": inputs, "parameters": parameters}
    if message.id:
        document["id"] = message.id
    if message.outputs:
        document["outputs"] = [
            {"name": one.name, "parameters": {**_parameters(one.parameters), "binary_data": True}}
            for one in message.outputs
        ]
    head = orjson.dumps(document)
    return head + b"".join(blocks), len(head)


def response(body: bytes, size: int) -> pb.ModelInferResponse:
    """Give the message of an HTTP answer whose JSON part has so many bytes."""
    told = orjson.loads(body[:size])
    message = pb.ModelInferResponse(
        model_name=told["model_name"], model_version=told["model_version"], id=told["id"]
    )
    at = size
    for output in told["outputs"]:
        end = at + output["parameters"]["binary_data_size"]
        message.outputs.add(name=output["name"], datatype=output["datatype"], shape=output["shape"])
        message.raw_output_contents.append(body[at:end])
        at = end
    return message


def metadata(body: bytes) -> pb.ModelMetadataResponse:
    """Give the message of a model's description."""
    told = orjson.loads(body)
    message = pb.ModelMetadataResponse(
        name=told["name"], versions=told["versions"], platform=told["platform"]
    )
    for ours, theirs in ((told["inputs"], message.inputs), (told["outputs"], message.outputs)):
        for one in ours:
            theirs.add(name=one["name"], datatype=one["datatype"], shape=one["shape"])
    return message


def _packed(entry: pb.ModelInferRequest.InferInputTensor) -> bytes:
    field = _CONTENTS.get(entry.datatype)
    if field is None:
        told = "raw_input_contents" if entry.datatype in CODES else "a known datatype"
        raise BadMessage(f"Send {entry.name!r} of type {entry.datatype!r} with {told}.")
    try:
        return pack(list(getattr(entry.contents, field)), entry.datatype)
    except (ArithmeticError, ValueError, TypeError) as error:
        raise BadMessage(f"The contents of {entry.name!r} do not fit: {error}.") from None


def _parameters(given: Any) -> dict[str, Any]:
    return {
        name: getattr(value, value.WhichOneof("parameter_choice") or "string_param")
        for name, value in given.items()
    }
