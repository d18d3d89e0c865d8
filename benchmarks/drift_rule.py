"""Simulate the drift rule: how often it alarms without a change, and how often it finds one.

    python benchmarks/drift_rule.py              # the sizes of docs/performance.md, some minutes
    python benchmarks/drift_rule.py --windows 20

Thirty columns of every kind the rule knows; a window alarms when the model's verdict is drift or
its data is faulty; an alert of its drift waits until that lasts (`monitoring/lasting.py`). Several
references: an unlucky one would alarm for ever.
"""

import argparse
import datetime as dt
from typing import Any

import numpy as np

from modelyard_server.monitoring import drift, lasting, profile
from modelyard_server.monitoring.drift import Status
from modelyard_server.monitoring.lasting import Part
from modelyard_server.monitoring.profile import ColumnReference, ColumnRole, Origin

COLUMNS = 30
REFERENCE_ROWS = 20_000
SIZES = {50: 200, 100: 200, 200: 200, 1000: 200, 10_000: 60, 100_000: 20}
POWER = {200: 60, 1000: 60, 10_000: 20}
REFERENCES = 4
DELAYED = (0.5, 1.0, 2.0)
PER_MINUTE, HOUR = 200, 60
START = dt.datetime(2026, 11, 27, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)
WORDS = np.array([f"w{n}" for n in range(3000)])


def column(at: int, rows: int, generator: np.random.Generator, shift: float = 0.0) -> list[Any]:
    """Draw one column; numbers move by `shift` standard deviations."""
    kind = at % 6
    if kind in {0, 1}:
        return generator.normal(shift, 1, rows).tolist()
    if kind == 2:
        return np.exp(generator.normal(shift, 1, rows)).tolist()
    if kind == 3:
        values = generator.normal(shift, 1, rows)
        values[generator.random(rows) < 0.3] = 0.0
        return [None if missing else v for v, missing in
                zip(values.tolist(), generator.random(rows) < 0.02, strict=True)]  # fmt: skip
    if kind == 4:
        return WORDS[np.minimum(generator.zipf(1.7, rows), 150)].tolist()
    return WORDS[generator.integers(0, 3000, rows)].tolist()


def draw(rows: int, generator: np.random.Generator, shift: float = 0.0) -> dict[str, list[Any]]:
    """Draw a window; with a shift the first four columns move."""
    return {
        f"c{at}": column(at, rows, generator, shift if at < 4 else 0.0) for at in range(COLUMNS)
    }


def reference(generator: np.random.Generator) -> dict[str, ColumnReference]:
    """Draw training data and build its grids."""
    return {
        name: profile.reference_of(name, values, role=ColumnRole.input, origin=Origin.training)
        for name, values in draw(REFERENCE_ROWS, generator).items()
    }


def minutes(
    known: dict[str, ColumnReference], window: dict[str, list[Any]], rows: int
) -> list[Part]:
    """Count a window as it is stored, spread over up to an hour."""
    count = max(1, min(HOUR, rows // 50))
    made = []
    for at in range(count):
        part = slice(at * rows // count, (at + 1) * rows // count)
        own = {name: values[part] for name, values in window.items()}
        made.append((START + at * MINUTE, profile.count(own, known)))
    return made


def judge(
    known: dict[str, ColumnReference], parts: list[Part], rows: int
) -> tuple[set[str], frozenset[str], bool]:
    """Give the columns that moved in a window, those of them that stay, and whether it is faulty.

    The last row came a moment ago, and no window before is known.
    """
    compared = drift.compare(known, profile.merge(counted for _, counted in parts))
    moved = {one.reference.name for one in compared if one.status is Status.drifting}
    if drift.judge_model(compared, rows).status is not Status.drifting:
        moved = set()
    lasts = lasting.confirmed(known, moved, parts, list, parts[-1][0] + MINUTE)
    return moved, lasts, drift.judge_quality(compared, rows).status is Status.faulty


def null_rates(windows: int | None) -> list[str]:
    """Give a table row per window size without any change."""
    found = []
    for rows, usual in SIZES.items():
        generator = np.random.default_rng(rows)
        known = [reference(generator) for _ in range(REFERENCES)]
        count = min(usual, windows or usual)
        moved = lasts = faulty = 0
        for at in range(count):
            own = known[at % REFERENCES]
            judged = judge(own, minutes(own, draw(rows, generator), rows), rows)
            moved, lasts = moved + bool(judged[0]), lasts + bool(judged[1])
            faulty += judged[2]
        shares = " | ".join(f"{n / count:.1%}" for n in (moved, lasts, faulty))
        found.append(f"| {rows:,} | {count} | {shares} |")
        print(found[-1], flush=True)
    return found


def power(windows: int | None) -> list[str]:
    """Give a table row per window size when numbers move by half a standard deviation."""
    found = []
    for rows, usual in POWER.items():
        generator = np.random.default_rng(rows + 1)
        known = reference(generator)
        count = min(usual, windows or usual)
        caught = columns = told = 0
        for _ in range(count):
            window = draw(rows, generator, 0.5)
            moved, lasts, _ = judge(known, minutes(known, window, rows), rows)
            caught, told = caught + bool(moved), told + bool(lasts)
            columns += len(moved & {"c0", "c1", "c2"})
        shares = f"{caught / count:.1%} | {columns / count / 3:.1%} | {told / count:.1%}"
        found.append(f"| {rows:,} | {count} | {shares} |")
        print(found[-1], flush=True)
    return found


def delays(hours: int) -> list[str]:
    """Give a table row per shift: minutes until window and alert show it, after a calm hour."""
    found = []
    generator = np.random.default_rng(5)
    known = reference(generator)
    for shift in DELAYED:
        first, told = [], []
        for _ in range(hours):
            calm = minutes(known, draw(HOUR * PER_MINUTE, generator), HOUR * PER_MINUTE)
            later = minutes(known, draw(HOUR * PER_MINUTE, generator, shift), HOUR * PER_MINUTE)
            day = calm + [(at + HOUR * MINUTE, counted) for at, counted in later]
            waited: dict[str, int] = {}
            for passed in range(1, HOUR + 1):
                parts = day[passed : passed + HOUR]
                moved, lasts, _ = judge(known, parts, HOUR * PER_MINUTE)
                if moved:
                    waited.setdefault("first", passed)
                if lasts:
                    waited.setdefault("told", passed)
                    break
            first.append(waited.get("first", HOUR))
            told.append(waited.get("told", HOUR))
        found.append(f"| {shift} | {hours} | {np.median(first):.0f} | {np.median(told):.0f} |")
        print(found[-1], flush=True)
    return found


def main() -> None:
    """Simulate and print both tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--windows", type=int, help="windows per size, at most")
    options = parser.parse_args()
    print(
        "| rows without change | windows | drift verdicts | drift alerts | data quality alarms |\n"
        "|---:|---:|---:|---:|---:|"
    )
    null_rates(options.windows)
    print(
        "\n| rows, 0.5 sd | windows | windows found | columns found | alerts |\n"
        "|---:|---:|---:|---:|---:|"
    )
    power(options.windows)
    print("\n| shift, sd | hours | minutes to the verdict | to the alert |\n|---:|---:|---:|---:|")
    delays(min(10, options.windows or 10))


if __name__ == "__main__":
    main()
