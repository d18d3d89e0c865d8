"""Requests of the Open Inference Protocol v2, with the binary tensor extension."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import orjson

from .binary import DATATYPES, BinaryError, pack, unpack
from .package import DType, Signature
from .tables import Body, BodyError, Table, Tensors, Unnamed, listed, mapping
from .tensors import TensorError, flatten, nest

EXTENSIONS = ("binary_tensor_data",)
_OUTPUTS = (b'"outputs"', b'"binary_data_output"')


class UnknownOutput(ValueError):
    """A caller asked for an output the model does not give."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which outputs a caller asked for, and which of them as bytes."""

    names: tuple[str, ...] = ()
    """Empty: all."""
    binary: frozenset[str] = frozenset()
    all_binary: bool = False


def read(parsed: Any, binary: bytes, signature: Signature) -> Body:
    """Read a request whose JSON part is parsed; `binary` is what follows it.

    Raises:
        BodyError: it is not a request of this protocol.
    """
    if not isinstance(parsed, dict):
        raise BodyError("the body must be a JSON object")
    tensors: dict[str, list[Any]] = {}
    shapes: dict[str, list[int]] = {}
    encoded = {column.name for column in signature.inputs if column.dtype is DType.binary}
    at = 0
    for entry in listed(parsed.get("inputs"), "inputs"):
        size = _binary_size(entry)
        raw = binary[at : at + size] if size is not None else None
        at += size or 0
        name, rows, shape = _tensor(entry, raw, encoded)
        if name in tensors:
            raise BodyError("the input is named twice", None, name)
        tensors[name], shapes[name] = rows, shape
    if at != len(binary):
        raise BodyError(f"the inputs have {at} bytes of binary data, but {len(binary)} were sent")
    request_id = parsed.get("id")
    if request_id is not None and not isinstance(request_id, str):
        raise BodyError("id must be a string")
    _wanted(parsed)
    known = {column.name for column in signature.params}
    params = {k: v for k, v in mapping(parsed.get("parameters"), "params").items() if k in known}
    return Body(_table(tensors, shapes, signature), params, request_id)


def wanted(head: bytes) -> Wanted | None:
    """Give what a request asks to be answered; `None`: everything, as JSON.

    Raises:
        BodyError: it asks for something that cannot be.
    """
    if not any(word in head for word in _OUTPUTS):
        return None
    try:
        parsed = orjson.loads(head)
    except orjson.JSONDecodeError:
        return None  # the decoder names what is wrong
    return _wanted(parsed) if isinstance(parsed, dict) else None


def answer(document: bytes, wish: Wanted) -> tuple[bytes, int | None]:
    """Write a JSON answer as it was asked for; also give the length of its JSON part.

    Raises:
        UnknownOutput: an output was asked for that is not there.
    """
    told = orjson.loads(document)
    outputs = {output["name"]: output for output in told["outputs"]}
    missing = [name for name in wish.names if name not in outputs]
    if missing:
        raise UnknownOutput(f"the model has no output {missing[0]!r}, only {', '.join(outputs)}")
    chosen = [outputs[name] for name in wish.names or outputs]
    blocks: list[bytes] = []
    for output in chosen:
        if wish.all_binary or output["name"] in wish.binary:
            block = pack(output.pop("data"), output["datatype"])
            output["parameters"] = {"binary_data_size": len(block)}
            blocks.append(block)
    head = orjson.dumps({**told, "outputs": chosen})
    return head + b"".join(blocks), len(head) if blocks else None


def _wanted(parsed: dict[str, Any]) -> Wanted | None:
    parameters = mapping(parsed.get("parameters"), "params")
    everything = parameters.get("binary_data_output") is True
    names, binary = [], set()
    for entry in listed(parsed.get("outputs") or [], "outputs"):
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
            raise BodyError("each output must be an object with a name")
        asked = mapping(entry.get("parameters"), "params")
        if asked.get("classification"):
            raise BodyError("the classification extension is not offered", None, entry["name"])
        names.append(entry["name"])
        if asked.get("binary_data", everything) is True:
            binary.add(entry["name"])
    if not names and not everything:
        return None
    return Wanted(tuple(names), frozenset(binary), everything and not names)


def _binary_size(entry: Any) -> int | None:
    parameters = entry.get("parameters") if isinstance(entry, dict) else None
    size = parameters.get("binary_data_size") if isinstance(parameters, dict) else None
    if size is not None and (type(size) is not int or size < 0):
        raise BodyError("binary_data_size must be a whole number")
    return size


def _tensor(entry: Any, raw: bytes | None, encoded: set[str]) -> tuple[str, list[Any], list[int]]:
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        raise BodyError("each input must be an object with a name")
    name = entry["name"]
    shape, datatype = entry.get("shape"), entry.get("datatype")
    if datatype not in DATATYPES:
        raise BodyError(f"unknown datatype {datatype!r}", None, name)
    sound = isinstance(shape, list) and shape and all(type(n) is int and n >= 0 for n in shape)
    if not sound or not isinstance(shape, list):
        raise BodyError("shape must be a list of whole numbers", None, name)
    count = math.prod(shape)
    if raw is not None:
        if entry.get("data") is not None:
            raise BodyError("the input has both data and binary data", None, name)
        if count > len(raw):  # also every text has bytes: its length
            raise BodyError(f"shape {shape} needs {count} values", None, name)
        try:
            return name, nest(unpack(raw, datatype, count, as_base64=name in encoded), shape), shape
        except BinaryError as error:
            raise BodyError(str(error), None, name) from None
    return name, _from_json(entry.get("data"), shape, count, name), shape


def _from_json(data: Any, shape: list[int], count: int, name: str) -> list[Any]:
    if not isinstance(data, list):
        raise BodyError("data must be a list", None, name)
    if any(isinstance(item, list) for item in data):
        try:
            data = flatten(data, tuple(shape), None)
        except TensorError as error:
            raise BodyError(str(error), error.row, name) from None
    if len(data) != count:
        raise BodyError(f"shape {shape} needs {count} values, got {len(data)}", None, name)
    return nest(data, shape)


def _table(
    tensors: dict[str, list[Any]], shapes: dict[str, list[int]], signature: Signature
) -> Table:
    if not signature.is_tensor:
        wanted_names = {column.name for column in signature.inputs}
        only = next(iter(tensors), None)
        if len(tensors) == 1 and only is not None and only not in wanted_names:
            return Unnamed(tensors[only])
        for name, shape in shapes.items():
            if len(shape) == 2 and shape[1] == 1:
                tensors[name] = [row[0] for row in tensors[name]]
    return Tensors(tensors)
