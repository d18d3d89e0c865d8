"""Counts what never reached the journal, also when a process is killed.

A worker counts its calls before it answers them, the node what it has written of them. Both are
writes of a few bytes into files of their own, which the kernel keeps when either is killed: what
is missing between them was lost. The successor of a killed node settles its predecessor's files
once the last worker of it is gone, which a lock on them tells.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import json
import os
import struct
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from modelyard_protocol.records import Prediction, Shadowed, read_frames, read_records

SETTLED_FILE = "losses.json"
_COUNT = struct.Struct("<Q")
_FACTS = struct.Struct("<7Q")
_NO_FILE = -1
_SETTLE_SECONDS = 0.2


class Tally:
    """A worker's count of the calls it answers; without a descriptor nobody is told."""

    __slots__ = ("_count", "_fd")

    def __init__(self, fd: int = _NO_FILE) -> None:
        self._fd, self._count = fd, 0

    def add(self, calls: int) -> None:
        """Count calls that are about to be answered; fewer than none takes some back."""
        if self._fd == _NO_FILE or not calls:
            return
        self._count += calls
        with contextlib.suppress(OSError):
            os.pwrite(self._fd, _COUNT.pack(self._count), 0)


class Source:
    """The node's end of one worker process: its tally, and what was done with its records."""

    __slots__ = ("dropped", "fd", "number", "path", "written")

    def __init__(self, folder: Path, start_id: str, number: int) -> None:
        self.number = number
        self.path = folder / f"{start_id}-{number:06d}.tally"
        self.written = self.dropped = 0
        self.fd = _opened(self.path, _COUNT.size)
        if self.fd == _NO_FILE:  # no disk: a killed worker is counted all the same
            self.fd = os.memfd_create(self.path.name, os.MFD_CLOEXEC)
        with contextlib.suppress(OSError):
            fcntl.flock(self.fd, fcntl.LOCK_EX)

    def noted(self) -> int:
        """Give how many calls the worker has counted."""
        return _first(os.pread(self.fd, _COUNT.size, 0))

    def close(self) -> None:
        """Forget the file."""
        os.close(self.fd)
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)


Taken = Iterable[tuple[int, Source | None]]
"""Records, and the worker they came from."""


class Facts(NamedTuple):
    """What a node knows of its workers' calls, in a file it writes in place."""

    written: int = 0
    dropped: int = 0
    closed: int = 0
    """What the tallies counted that are gone."""
    last_closed: int = 0
    """The newest of those: its file may still be there when the node is killed right then."""
    number: int = 0
    offset: int = 0
    """Everything before this place of this journal is among `written`."""
    lost_at: int = 0


class Settled(NamedTuple):
    """What nodes lost that run no more, in a file that is replaced as a whole."""

    records: int = 0
    lost_at: int = 0
    starts: tuple[str, ...] = ()
    """Whose files may still be there, and must not be counted again."""


class Ledger:
    """What a node wrote and lost, kept beside its journals; written to by one thread."""

    def __init__(self, folder: Path, start_id: str) -> None:
        self._folder, self._start_id = folder, start_id
        self._facts = Facts()
        self._fd = _NO_FILE
        self._sources = 0
        self._settle_at = 0.0
        self._settled = _tidied(folder, _settled(folder))
        left = {folder / f"{stem}.ledger" for stem in self._settled.starts}
        self._before = [path for path in sorted(folder.glob("*.ledger")) if path not in left]
        self._past = self._added_up()
        self._keep()

    @property
    def dropped(self) -> int:
        """Records lost on this node, by all that ran here."""
        return self._past[0] + self._facts.dropped

    @property
    def dropped_at(self) -> dt.datetime | None:
        """When the last loss was found."""
        newest = max(self._past[1], self._facts.lost_at)
        return dt.datetime.fromtimestamp(newest, dt.UTC) if newest else None

    def source(self) -> Source:
        """Begin the count of a worker process."""
        self._sources += 1
        return Source(self._folder, self._start_id, self._sources)

    def wrote(self, taken: Taken, number: int, offset: int) -> None:
        """Count records that stand in journal `number` before `offset`."""
        written = 0
        for records, source in taken:
            if source is not None:
                source.written += records
                written += records
        self._change(written=self._facts.written + written, number=number, offset=offset)

    def lost(self, taken: Taken) -> None:
        """Count records that were dropped."""
        dropped = 0
        for records, source in taken:
            dropped += records
            if source is not None:
                source.dropped += records
        if dropped:
            self._change(dropped=self._facts.dropped + dropped, lost_at=int(time.time()))

    def ended(self, source: Source) -> None:
        """Count what a worker that has ended took with it; all it sent has been written."""
        noted = source.noted()
        missing = max(0, noted - source.written - source.dropped)
        self._change(
            dropped=self._facts.dropped + missing,
            lost_at=int(time.time()) if missing else self._facts.lost_at,
            closed=self._facts.closed + noted,
            last_closed=source.number,
        )
        source.close()

    def settle(self) -> None:
        """Count what killed nodes lost, once the last process of theirs has ended."""
        now = time.monotonic()
        if not self._before or now < self._settle_at:
            return
        self._settle_at = now + _SETTLE_SECONDS
        for path in list(self._before):
            tallies = [*self._folder.glob(f"{path.stem}-*.tally")]
            if all(_is_free(tally) for tally in tallies):
                with contextlib.suppress(OSError):  # tried again, and shown as known until then
                    self._settle(path, tallies)

    def close(self) -> None:
        """Leave the file to the next node."""
        if self._fd != _NO_FILE:
            os.close(self._fd)
        self._fd = _NO_FILE

    def _settle(self, path: Path, tallies: list[Path]) -> None:
        facts = _facts(path)
        lost = max(facts.dropped, _missing(path, facts, tallies))
        lost_at = int(time.time()) if lost > facts.dropped else facts.lost_at
        settled = Settled(
            self._settled.records + lost,
            max(self._settled.lost_at, lost_at),
            (*self._settled.starts, path.stem),
        )
        _save(self._folder, settled)
        self._before.remove(path)
        self._settled = settled
        self._past = self._added_up()
        self._settled = _tidied(self._folder, settled)

    def _added_up(self) -> tuple[int, int]:
        """Give what was lost before this node, as far as it is known, and when."""
        before = [_known(path) for path in self._before]
        records = self._settled.records + sum(facts.dropped for facts in before)
        return records, max([self._settled.lost_at, *(facts.lost_at for facts in before)])

    def _change(self, **changed: int) -> None:
        self._facts = self._facts._replace(**changed)
        self._keep()

    def _keep(self) -> None:
        if self._fd == _NO_FILE:
            with contextlib.suppress(OSError):
                self._folder.mkdir(parents=True, exist_ok=True)
            self._fd = _opened(self._folder / f"{self._start_id}.ledger", _FACTS.size)
        if self._fd != _NO_FILE:
            with contextlib.suppress(OSError):
                os.pwrite(self._fd, _FACTS.pack(*self._facts), 0)


def _missing(ledger: Path, facts: Facts, tallies: list[Path]) -> int:
    """Give what workers counted and the node has not written."""
    open_ones = [one for one in tallies if _number(one) != facts.last_closed]
    noted = facts.closed + sum(_first(path.read_bytes()) for path in open_ones)
    return noted - facts.written - _written_last(ledger, facts)


def _written_last(ledger: Path, facts: Facts) -> int:
    """Count records behind the last that were counted: written just before the node was killed."""
    found = 0
    for path in sorted(ledger.parent.glob(f"{ledger.stem}-*.journal")):
        if _number(path) < facts.number:
            continue
        with path.open("rb") as file:
            file.seek(facts.offset if _number(path) == facts.number else 0)
            found += sum(_records(payload) for payload, _ in read_frames(file.read()))
    return found


def _number(path: Path) -> int:
    return int(path.stem.rpartition("-")[2])


def _records(payload: bytes) -> int:
    try:
        return sum(isinstance(one, Prediction | Shadowed) for one in read_records(payload))
    except ValueError:
        return 0


def _facts(path: Path) -> Facts:
    content = path.read_bytes().ljust(_FACTS.size, b"\0")
    return Facts(*_FACTS.unpack(content[: _FACTS.size]))


def _known(path: Path) -> Facts:
    try:
        return _facts(path)
    except OSError:
        return Facts()


def _first(content: bytes) -> int:
    return int(_COUNT.unpack(content)[0]) if len(content) == _COUNT.size else 0


def _settled(folder: Path) -> Settled:
    try:
        records, lost_at, starts = json.loads((folder / SETTLED_FILE).read_bytes())
        return Settled(int(records), int(lost_at), tuple(starts))
    except (OSError, ValueError, TypeError):
        return Settled()


def _save(folder: Path, settled: Settled) -> None:
    beside = folder / f".{SETTLED_FILE}"
    with beside.open("w") as file:
        json.dump(settled, file)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(folder / SETTLED_FILE)


def _tidied(folder: Path, settled: Settled) -> Settled:
    """Delete the files of nodes that are settled; give what is left to be remembered."""
    left = []
    for stem in settled.starts:
        for path in (*folder.glob(f"{stem}-*.tally"), folder / f"{stem}.ledger"):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
        if (folder / f"{stem}.ledger").exists():
            left.append(stem)
    return settled._replace(starts=tuple(left))


def _opened(path: Path, size: int) -> int:
    """Open a new file whose bytes are there already: writing them needs no space any more."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    except OSError:
        return _NO_FILE
    try:
        os.pwrite(fd, bytes(size), 0)
    except OSError:
        os.close(fd)
        return _NO_FILE
    return fd


def _is_free(path: Path) -> bool:
    """Tell whether no process has a tally open any more."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
