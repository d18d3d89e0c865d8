"""Reads an ONNX file's structure without running it, and refuses what the fast lane must not load.

The file is protocol buffers; only the fields that matter are followed, everything else is skipped
by its length. A graph comes from the model's author, or from a converter that ran their code:
neither is trusted.
"""

from __future__ import annotations

from collections.abc import Iterator

MAX_BYTES = 512 * 1024 * 1024
MAX_NODES = 100_000
MAX_DEPTH = 8  # of graphs within graphs
DOMAINS = frozenset({b"", b"ai.onnx", b"ai.onnx.ml"})
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
# Field numbers of onnx.proto.
_MODEL_GRAPH, _MODEL_OPSET, _MODEL_TRAINING, _MODEL_FUNCTIONS = 7, 8, 20, 25
_GRAPH_NODE, _GRAPH_INITIALIZER, _GRAPH_SPARSE = 1, 5, 15
_NODE_TYPE, _NODE_ATTRIBUTE, _NODE_DOMAIN = 4, 5, 7
_ATTRIBUTE_TENSOR, _ATTRIBUTE_GRAPH, _ATTRIBUTE_TENSORS, _ATTRIBUTE_GRAPHS = 5, 6, 10, 11
_ATTRIBUTE_SPARSE, _ATTRIBUTE_SPARSES = 22, 23
_TENSOR_EXTERNAL, _TENSOR_LOCATION = 13, 14
_OPSET_DOMAIN = 1


class GraphRefused(ValueError):
    """The fast lane does not load this graph; the text says why."""


def check(content: bytes) -> int:
    """Give the number of a graph's nodes when it may be loaded.

    Raises:
        GraphRefused: it is damaged, too large, or uses more than the standard operators.
    """
    if len(content) > MAX_BYTES:
        raise GraphRefused(f"The graph has more than {MAX_BYTES} bytes.")
    nodes, has_graph = 0, False
    for number, value in _fields(memoryview(content)):
        if number in {_MODEL_TRAINING, _MODEL_FUNCTIONS}:
            raise GraphRefused("The graph brings functions or training steps of its own.")
        if number == _MODEL_OPSET:
            _check_domain(_text(_only(value), _OPSET_DOMAIN))
        elif number == _MODEL_GRAPH:
            has_graph = True
            nodes += _graph(_only(value), 0)
    if not has_graph:
        raise GraphRefused("The file holds no graph.")
    return nodes


def _graph(content: memoryview, depth: int) -> int:
    if depth > MAX_DEPTH:
        raise GraphRefused(f"The graph is nested deeper than {MAX_DEPTH} levels.")
    nodes = 0
    for number, value in _fields(content):
        if number == _GRAPH_NODE:
            nodes += 1 + _node(_only(value), depth)
            if nodes > MAX_NODES:
                raise GraphRefused(f"The graph has more than {MAX_NODES} nodes.")
        elif number == _GRAPH_INITIALIZER:
            _tensor(_only(value))
        elif number == _GRAPH_SPARSE:
            raise GraphRefused("The graph has sparse weights.")
    return nodes


def _node(content: memoryview, depth: int) -> int:
    nested = 0
    _check_domain(_text(content, _NODE_DOMAIN))
    for number, value in _fields(content):
        if number == _NODE_ATTRIBUTE:
            nested += _attribute(_only(value), depth)
    return nested


def _attribute(content: memoryview, depth: int) -> int:
    nested = 0
    for number, value in _fields(content):
        if number in {_ATTRIBUTE_GRAPH, _ATTRIBUTE_GRAPHS}:
            nested += _graph(_only(value), depth + 1)
        elif number in {_ATTRIBUTE_TENSOR, _ATTRIBUTE_TENSORS}:
            _tensor(_only(value))
        elif number in {_ATTRIBUTE_SPARSE, _ATTRIBUTE_SPARSES}:
            raise GraphRefused("The graph has sparse weights.")
    return nested


def _tensor(content: memoryview) -> None:
    for number, value in _fields(content):
        if number == _TENSOR_EXTERNAL or (number == _TENSOR_LOCATION and value != 0):
            raise GraphRefused("The graph keeps weights in other files.")


def _check_domain(domain: bytes) -> None:
    if domain not in DOMAINS:
        name = domain.decode(errors="replace")[:80]
        raise GraphRefused(f"The graph uses operators of {name!r}, not only ONNX's own.")


def _text(content: memoryview, wanted: int) -> bytes:
    found = b""
    for number, value in _fields(content):
        if number == wanted:
            found = bytes(_only(value))
    return found


def _only(value: memoryview | int) -> memoryview:
    if isinstance(value, int):
        raise GraphRefused("The file is damaged.")
    return value


def _fields(content: memoryview) -> Iterator[tuple[int, memoryview | int]]:
    """Give (field number, value) of a message; numbers as int, everything else as bytes."""
    at, end = 0, len(content)
    while at < end:
        tag, at = _varint(content, at)
        number, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            value, at = _varint(content, at)
            yield number, value
            continue
        if kind == _BYTES:
            size, at = _varint(content, at)
        elif kind in {_FIXED64, _FIXED32}:
            size = 8 if kind == _FIXED64 else 4
        else:
            raise GraphRefused("The file is damaged.")
        if number == 0 or at + size > end:
            raise GraphRefused("The file is damaged.")
        if kind == _BYTES:
            yield number, content[at : at + size]
        at += size


def _varint(content: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while shift < 70:
        if at >= len(content):
            break
        byte = content[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise GraphRefused("The file is damaged.")
