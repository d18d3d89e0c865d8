"""Simulate the drift rule: how often it alarms without a change, and how often it finds one.

    python benchmarks/drift_rule.py              # the sizes of docs/performance.md, some minutes
    python benchmarks/drift_rule.py --windows 20

Thirty columns of every kind the rule knows; a window alarms when the model's verdict is drift or
its data is faulty, before persistence. Several references: an unlucky one would alarm for ever.
"""

import argparse
from typing import Any

import numpy as np

from modelyard_server.monitoring import drift, profile
from modelyard_server.monitoring.drift import Status
from modelyard_server.monitoring.profile import ColumnReference, ColumnRole, Origin

COLUMNS = 30
REFERENCE_ROWS = 20_000
SIZES = {50: 200, 100: 200, 200: 200, 1000: 200, 10_000: 60, 100_000: 20}
POWER = {200: 60, 1000: 60, 10_000: 20}
REFERENCES = 4
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


def alarms(
    known: dict[str, ColumnReference], window: dict[str, list[Any]], rows: int
) -> tuple[bool, bool]:
    """Tell whether a window alarms by drift, and by the quality of its data."""
    compared = drift.compare(known, profile.count(window, known))
    moved = drift.judge_model(compared, rows).status is Status.drifting
    return moved, drift.judge_quality(compared, rows).status is Status.faulty


def null_rates(windows: int | None) -> list[str]:
    """Give a table row per window size without any change."""
    found = []
    for rows, usual in SIZES.items():
        generator = np.random.default_rng(rows)
        known = [reference(generator) for _ in range(REFERENCES)]
        count = min(usual, windows or usual)
        seen = [alarms(known[at % REFERENCES], draw(rows, generator), rows) for at in range(count)]
        moved, faulty = sum(m for m, _ in seen), sum(f for _, f in seen)
        found.append(f"| {rows:,} | {count} | {moved / count:.1%} | {faulty / count:.1%} |")
        print(found[-1], flush=True)
    return found


def power(windows: int | None) -> list[str]:
    """Give a table row per window size when numbers move by half a standard deviation."""
    found = []
    for rows, usual in POWER.items():
        generator = np.random.default_rng(rows + 1)
        known = reference(generator)
        count = min(usual, windows or usual)
        caught = columns = 0
        for _ in range(count):
            compared = drift.compare(known, profile.count(draw(rows, generator, 0.5), known))
            caught += drift.judge_model(compared, rows).status is Status.drifting
            moved = {one.reference.name for one in compared if one.status is Status.drifting}
            columns += len(moved & {"c0", "c1", "c2"})
        found.append(f"| {rows:,} | {count} | {caught / count:.1%} | {columns / count / 3:.1%} |")
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
        "| rows without change | windows | drift alarms | data quality alarms |\n"
        "|---:|---:|---:|---:|"
    )
    null_rates(options.windows)
    print("\n| rows, 0.5 sd | windows | windows found | columns found |\n|---:|---:|---:|---:|")
    power(options.windows)


if __name__ == "__main__":
    main()
