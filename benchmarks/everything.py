"""Every benchmark of tracking, one after the other, in one file.

    python benchmarks/everything.py [--only ingestion history search …] [--quick]

Runs `tracking.py`, `history.py`, `search.py`, `artifacts.py` and `start.py`, prints what they print
and writes it to `.make/benchmarks/tracking-<day>-<time>.md`. A part that fails is named at the end
and does not stop the others. `--quick` tries all parts in a few minutes, with figures to ignore.
"""

import argparse
import datetime as dt
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
PARTS: dict[str, tuple[list[str], list[str]]] = {
    # what is asked for normally, and with --quick
    "ingestion": (["tracking.py"], ["tracking.py", "--seconds", "1", "--rounds", "1"]),
    "history": (["history.py"], ["history.py", "--points", "30000"]),
    "search": (["search.py", "--postgres"], ["search.py", "--runs", "2000", "--postgres"]),
    "search-million": (
        ["search.py", "--runs", "1000000"],
        ["search.py", "--runs", "60000", "--repeat", "3"],
    ),
    "artifacts": (["artifacts.py", "--huge", "12"], ["artifacts.py", "--gib", "0.02"]),
    "start": (["start.py", "--repeat", "3"], ["start.py", "--repeat", "1"]),
    "search-million-postgres": (
        ["search.py", "--runs", "1000000", "--postgres", "--no-sqlite"],
        ["search.py", "--runs", "60000", "--repeat", "3", "--postgres", "--no-sqlite"],
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the part stops too
    folder = ROOT / ".make" / "benchmarks"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"tracking-{dt.datetime.now(dt.UTC):%Y%m%d-%H%M}.md"
    failed = []
    with file.open("w") as out:
        for name in options.only:
            begun = time.monotonic()
            code = run(PARTS[name][options.quick], out)
            say(f"\n({name}: {time.monotonic() - begun:.0f} s)\n", out)
            if code:
                failed.append(name)
        say(f"Failed: {', '.join(failed)}" if failed else "All parts ran.", out)
    print(f"Written to {file}")
    sys.exit(bool(failed))


def run(line: list[str], out: object) -> int:
    """Run one benchmark, and pass on every line when it comes."""
    script = str(ROOT / "benchmarks" / line[0])
    part = subprocess.Popen(
        [sys.executable, "-u", script, *line[1:]],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert part.stdout is not None
        for text in part.stdout:
            say(text.rstrip("\n"), out)
        return part.wait()
    finally:
        if part.poll() is None:
            part.terminate()
            part.wait(60)


def say(text: str, out: object) -> None:
    print(text, flush=True)
    print(text, file=out, flush=True)  # type: ignore[call-overload]


if __name__ == "__main__":
    main()
