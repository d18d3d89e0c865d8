"""Follows a pickle's opcodes on a stack of plain words: what would be imported, never importing.

Names that STACK_GLOBAL takes from the stack are exact, however they got there; a name that is made
while loading is unknown, and unknown names are dangerous. Arrays that joblib writes between the
opcodes are stepped over.
"""

from __future__ import annotations

import math
import pickletools
import re
from dataclasses import dataclass, field
from typing import Any, BinaryIO

MAX_OPCODES = 5_000_000
MAX_NESTED = 10_000
SKIPPED_ABOVE = 1_000_000
_STRINGS = frozenset(
    ("SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "UNICODE", "STRING", "BINSTRING")
)
_NUMBERS = frozenset(("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4"))
_ITEM = re.compile(r"[<>=|]?([a-zA-Z?])(\d*)")
_SIZES = {"?": 1, "b": 1, "B": 1, "h": 2, "H": 2, "i": 4, "I": 4, "l": 8, "L": 8, "q": 8, "Q": 8}


@dataclass(slots=True)
class Global:
    """A thing that would be imported."""

    name: str


@dataclass(slots=True)
class Made:
    """What a call or a class gives; `state` once it is built."""

    of: Any
    args: Any = None
    state: Any = None


class Mark:
    """Where a tuple, list or dict begins."""


@dataclass
class Seen:
    """What was found so far."""

    opcodes: int = 0
    calls: int = 0
    names: set[str] = field(default_factory=set)
    words: set[str] = field(default_factory=set)
    """Short strings in it: names that code of its own may use are among them."""


class _Skipped(bytes):
    """Stands for content that was stepped over; tells its length and holds nothing."""

    size = 0

    def __len__(self) -> int:
        return self.size


class Steps:
    """Reads a stream without holding large values."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def read(self, size: int) -> bytes:
        """Read, or step over what is large."""
        if size <= SKIPPED_ABOVE:
            return self._stream.read(size)
        self.skip(size)
        left = _Skipped()
        left.size = size
        return left

    def readline(self) -> bytes:
        """Read a line of a text pickle; a longer one than any name is refused."""
        line = self._stream.readline(SKIPPED_ABOVE)
        if len(line) >= SKIPPED_ABOVE:
            raise ValueError("a line is too long")
        return line

    def skip(self, size: int) -> None:
        """Step over bytes.

        Raises:
            ValueError: the stream ends before.
        """
        while size > 0:
            read = self._stream.read(min(size, SKIPPED_ABOVE))
            if not read:
                raise ValueError("it ends early")
            size -= len(read)


def walk(stream: BinaryIO, seen: Seen) -> None:
    """Follow one pickle to its STOP.

    Raises:
        ValueError: it is no pickle, or too long to follow.
    """
    _Machine(Steps(stream), seen).run()


class _Machine:
    def __init__(self, steps: Steps, seen: Seen) -> None:
        self._steps, self._seen = steps, seen
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def run(self) -> None:
        for opcode, argument, _ in pickletools.genops(self._steps):  # type: ignore[arg-type]
            self._seen.opcodes += 1
            if self._seen.opcodes > MAX_OPCODES:
                raise ValueError(f"more than {MAX_OPCODES} opcodes")
            self._step(opcode.name, argument)

    def _step(self, kind: str, argument: Any) -> None:  # noqa: PLR0912, PLR0915 - one table
        stack = self._stack
        if kind in _STRINGS:
            text = str(argument)
            if len(text) <= 80:
                self._seen.words.add(text)
            stack.append(text)
        elif kind in _NUMBERS:
            stack.append(argument)
        elif kind in {"NEWTRUE", "NEWFALSE", "NONE"}:
            stack.append({"NEWTRUE": True, "NEWFALSE": False}.get(kind))
        elif kind == "MARK":
            stack.append(Mark)
        elif kind in {"MEMOIZE", "PUT", "BINPUT", "LONG_BINPUT"}:
            place = len(self._memo) if kind == "MEMOIZE" else int(argument)
            self._memo[place] = stack[-1] if stack else None
        elif kind in {"GET", "BINGET", "LONG_BINGET"}:
            stack.append(self._memo.get(int(argument)))
        elif kind == "GLOBAL":
            self._import(str(argument).replace(" ", ".", 1))
        elif kind == "STACK_GLOBAL":
            name, module = self._pop(), self._pop()
            known = isinstance(name, str) and isinstance(module, str)
            self._import(f"{module}.{name}" if known else "?")
        elif kind in {"TUPLE", "LIST", "FROZENSET"}:
            stack.append(tuple(self._to_mark()))
        elif kind == "DICT":
            stack.append(_pairs(self._to_mark()))
        elif kind in {"EMPTY_TUPLE", "EMPTY_LIST", "EMPTY_SET"}:
            stack.append(())
        elif kind == "EMPTY_DICT":
            stack.append({})
        elif kind in {"TUPLE1", "TUPLE2", "TUPLE3"}:
            taken = [self._pop() for _ in range(int(kind[-1]))]
            stack.append(tuple(reversed(taken)))
        elif kind == "SETITEM":
            value, key = self._pop(), self._pop()
            _put(stack, key, value)
        elif kind == "SETITEMS":
            for key, value in _pairs(self._to_mark()).items():
                _put(stack, key, value)
        elif kind in {"APPENDS", "ADDITEMS"}:
            self._to_mark()
        elif kind == "APPEND":
            self._pop()
        elif kind in {"REDUCE", "NEWOBJ"}:
            args, called = self._pop(), self._pop()
            self._call(called, args)
        elif kind == "NEWOBJ_EX":
            self._pop()
            args, called = self._pop(), self._pop()
            self._call(called, args)
        elif kind == "INST":
            args = self._to_mark()
            self._import(str(argument).replace(" ", ".", 1))
            self._call(self._pop(), tuple(args))
        elif kind == "OBJ":
            args = self._to_mark()
            self._call(args[0] if args else None, tuple(args[1:]))
        elif kind == "BUILD":
            self._build()
        elif kind == "POP":
            self._pop()
        elif kind == "POP_MARK":
            self._to_mark()
        elif kind == "DUP":
            stack.append(stack[-1] if stack else None)
        elif kind in {"EXT1", "EXT2", "EXT4"}:
            self._import("?")
        elif kind == "BINPERSID":
            self._pop()
            stack.append(None)
        elif kind not in {"PROTO", "FRAME", "STOP", "READONLY_BUFFER"}:
            stack.append(None)  # floats, bytes, buffers, persistent ids: values that name nothing

    def _pop(self) -> Any:
        return self._stack.pop() if self._stack else None

    def _to_mark(self) -> list[Any]:
        taken: list[Any] = []
        while self._stack:
            item = self._stack.pop()
            if item is Mark:
                break
            taken.append(item)
        return taken[::-1]

    def _import(self, name: str) -> None:
        self._seen.names.add(name)
        self._stack.append(Global(name))

    def _call(self, called: Any, args: Any) -> None:
        self._seen.calls += 1
        of = called.name if isinstance(called, Global) else called
        self._stack.append(Made(of, args))

    def _build(self) -> None:
        state = self._pop()
        made = self._stack[-1] if self._stack else None
        if isinstance(made, Made):
            made.state = state
            if made.of == "joblib.numpy_pickle.NumpyArrayWrapper":
                self._step_over_array(state)

    def _step_over_array(self, state: Any) -> None:
        """Step over the array that joblib wrote here.

        Raises:
            ValueError: its size cannot be told.
        """
        facts = state if isinstance(state, dict) else {}
        item = _item_size(facts.get("dtype"))
        shape = facts.get("shape")
        if item == 0:
            nested = Seen(opcodes=self._seen.opcodes)
            _Machine(self._steps, nested).run()
            self._seen.opcodes, self._seen.calls = nested.opcodes, self._seen.calls + nested.calls
            self._seen.names |= nested.names
            self._seen.words |= nested.words
            return
        if item is None or not isinstance(shape, tuple):
            raise ValueError("an array of unknown size stands between the opcodes")
        if not all(isinstance(length, int) and length >= 0 for length in shape):
            raise ValueError("an array has no shape")
        if facts.get("numpy_array_alignment_bytes") is not None:
            padding = self._steps.read(1)
            self._steps.skip(padding[0] if padding else 0)
        self._steps.skip(item * math.prod(shape))


def _item_size(dtype: Any) -> int | None:
    """Tell the bytes of an item: 0 when they are objects, `None` when nobody knows."""
    if not isinstance(dtype, Made) or dtype.of != "numpy.dtype":
        return None
    kind = dtype.args[0] if isinstance(dtype.args, tuple) and dtype.args else None
    match = _ITEM.fullmatch(kind) if isinstance(kind, str) else None
    if match is None:
        return None
    letter, digits = match.groups()
    if letter == "O":
        return 0
    if letter == "U":
        return 4 * int(digits) if digits else None
    if digits:
        return int(digits)
    return _SIZES.get(letter)


def _pairs(items: list[Any]) -> dict[Any, Any]:
    return {
        key: value
        for key, value in zip(items[::2], items[1::2], strict=False)
        if isinstance(key, str | int)
    }


def _put(stack: list[Any], key: Any, value: Any) -> None:
    if stack and isinstance(stack[-1], dict) and isinstance(key, str | int):
        stack[-1][key] = value
