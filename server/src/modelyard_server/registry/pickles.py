"""Lists what a pickle would import and call, without running it.

This informs; it never permits. Loading happens in the sandbox whatever is found here.
"""

from __future__ import annotations

import pickletools
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

MAX_OPCODES = 5_000_000
_SUFFIXES = (".pkl", ".pickle", ".joblib", ".pt", ".pth", ".bin")
_HARMLESS = frozenset(
    (
        "builtins",
        "cloudpickle",
        "collections",
        "copyreg",
        "_codecs",
        "datetime",
        "decimal",
        "fractions",
        "functools",
        "joblib",
        "lightgbm",
        "mlflow",
        "numpy",
        "pandas",
        "scipy",
        "sklearn",
        "torch",
        "uuid",
        "xgboost",
    )
)
_DANGEROUS_BUILTINS = frozenset(("eval", "exec", "compile", "open", "__import__", "breakpoint"))
_DANGEROUS = frozenset(
    (
        "os",
        "posix",
        "nt",
        "subprocess",
        "sys",
        "socket",
        "shutil",
        "pty",
        "ctypes",
        "importlib",
        "runpy",
        "code",
        "codeop",
        "webbrowser",
        "urllib",
        "http",
        "requests",
        "asyncio",
        "multiprocessing",
        "pip",
        "signal",
    )
)
_STRINGS = frozenset(("SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "UNICODE"))


@dataclass(frozen=True, slots=True)
class Pickle:
    """What one pickle file names."""

    path: str
    opcodes: int
    calls: int
    """How often it calls something while it is loaded (REDUCE, NEWOBJ, INST, OBJ)."""
    imports: list[str]
    dangerous: list[str]
    unknown: list[str]
    unreadable: str | None

    def as_json(self) -> dict[str, object]:
        return {
            "path": self.path,
            "opcodes": self.opcodes,
            "calls": self.calls,
            "imports": self.imports,
            "dangerous": self.dangerous,
            "unknown": self.unknown,
            "unreadable": self.unreadable,
        }


def inspect_folder(folder: Path) -> list[Pickle]:
    """Look at every pickle below a folder."""
    return [
        inspect(path, str(path.relative_to(folder)))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix in _SUFFIXES
    ]


def inspect(path: Path, name: str) -> Pickle:
    """Look at one file; a zip of `torch.save` is looked into."""
    found: set[str] = set()
    opcodes = calls = 0
    unreadable = None
    try:
        for stream in _streams(path):
            with stream:
                steps, called, names = _walk(stream)
            opcodes, calls = opcodes + steps, calls + called
            found |= names
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, UnicodeDecodeError) as error:
        unreadable = f"{type(error).__name__}: {error}"[:300]
    imports = sorted(found)
    dangerous = [name for name in imports if _is_dangerous(name)]
    return Pickle(
        path=name,
        opcodes=opcodes,
        calls=calls,
        imports=imports[:500],
        dangerous=dangerous,
        unknown=[n for n in imports if n not in dangerous and not _is_known(n)][:500],
        unreadable=unreadable,
    )


def _streams(path: Path) -> Iterator[BinaryIO]:
    if not zipfile.is_zipfile(path):
        yield path.open("rb")
        return
    with zipfile.ZipFile(path) as archive:
        for entry in archive.namelist():
            if entry.endswith(".pkl"):
                yield archive.open(entry)  # type: ignore[misc]


def _walk(stream: BinaryIO) -> tuple[int, int, set[str]]:
    """Read opcodes; give how many, how many call something, and the names they import.

    STACK_GLOBAL takes its two names from the stack; the last strings pushed or recalled from the
    memo are where they come from in every pickle that picklers write.
    """
    names: set[str] = set()
    recent: list[str] = []
    memo: dict[int, str] = {}
    last: str | None = None
    steps = calls = 0
    for opcode, argument, _ in pickletools.genops(stream):
        steps += 1
        if steps > MAX_OPCODES:
            raise ValueError(f"more than {MAX_OPCODES} opcodes")
        kind = opcode.name
        if kind in _STRINGS:
            last = str(argument)
            recent = [*recent[-1:], last]
        elif kind == "MEMOIZE":
            if last is not None:
                memo[len(memo)] = last
            else:
                memo[len(memo)] = ""
        elif kind in {"PUT", "BINPUT", "LONG_BINPUT"}:
            memo[int(argument or 0)] = last or ""
        elif kind in {"GET", "BINGET", "LONG_BINGET"}:
            recent = [*recent[-1:], memo.get(int(argument or 0), "")]
        elif kind in {"GLOBAL", "INST"}:
            names.add(str(argument).replace(" ", "."))
        elif kind == "STACK_GLOBAL":
            names.add(".".join(recent) if len(recent) == 2 and all(recent) else "?")
        if kind not in _STRINGS and kind not in {"MEMOIZE", "PUT", "BINPUT", "LONG_BINPUT"}:
            last = None
        if kind in {"REDUCE", "NEWOBJ", "NEWOBJ_EX", "INST", "OBJ"}:
            calls += 1
    return steps, calls, names


def _is_dangerous(name: str) -> bool:
    module, _, attribute = name.partition(".")
    if module in {"builtins", "__builtin__"}:
        return attribute in _DANGEROUS_BUILTINS
    return name == "?" or module in _DANGEROUS


def _is_known(name: str) -> bool:
    return name.partition(".")[0] in _HARMLESS
