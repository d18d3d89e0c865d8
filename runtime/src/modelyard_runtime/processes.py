"""What the kernel tells of processes."""

from __future__ import annotations

from pathlib import Path


def children_of(pid: int) -> list[int]:
    """Give the processes that the first thread of one has started and that are still there.

    Raises:
        OSError: the process is gone.
    """
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
