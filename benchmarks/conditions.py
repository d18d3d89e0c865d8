"""The line above each table: machine, command, day, and how busy the machine was."""

import datetime as dt
import os
import platform
import sys
from pathlib import Path


def told() -> str:
    """Give the conditions of this run as one Markdown line."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    command = " ".join(["python", f"benchmarks/{Path(sys.argv[0]).name}", *sys.argv[1:]])
    today = dt.datetime.now(dt.UTC).date()
    return (
        f"`{command}` on {today}: {os.cpu_count()} cores, {memory:.0f} GiB, "
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}; "
        f"load {os.getloadavg()[0]:.1f} before."
    )


def cpu_seconds(pids: list[int]) -> float:
    """Give the processor time that these processes have used."""
    total = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")
