"""Simulate the rule on columns together, beside NannyML's data reconstruction on the same frames.

    python benchmarks/joint_drift.py                 # uses NannyML in .make/nannyml if it is there
    python benchmarks/joint_drift.py --windows 20

Twenty columns (numbers, skewed numbers, categories, flags), two of them correlated. Windows are
drawn like the reference, or with the two columns independent, or with their correlation turned:
no column changes alone. A window alarms before persistence.
"""

import argparse
import json
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pa_parquet

from modelyard_server.monitoring import drift, joint, profile
from modelyard_server.monitoring.profile import ColumnRole, Origin

PYTHON = Path(__file__).resolve().parents[1] / ".make" / "nannyml" / "bin" / "python"
REFERENCE_ROWS, RHO = 20_000, 0.8
SIZES = {200: 200, 1000: 200, 4000: 100}
REFERENCES = 4
SHIFTS = {"none": RHO, "half as strong": RHO / 2, "gone": 0.0, "turned": -RHO}
Frame = dict[str, Any]

_PEER = """
import sys, json, time, pandas as pd, nannyml as nml
reference, windows = (pd.read_parquet(path) for path in sys.argv[1:3])
size = int(sys.argv[3])
for frame in (reference, windows):
    frame["flag"] = frame["flag"].astype(str)
made = nml.DataReconstructionDriftCalculator(column_names=list(reference.columns), chunk_size=size)
started = time.process_time()
made.fit(reference)
found = made.calculate(windows).filter(period="analysis").to_df()["reconstruction_error"]
print(json.dumps([found["value"].tolist(), found["alert"].tolist(), time.process_time() - started]))
"""


def draw(rows: int, generator: np.random.Generator, rho: float = RHO) -> Frame:
    """Draw rows of which two columns are correlated."""
    first, noise = generator.normal(size=(2, rows))
    frame: Frame = {f"number {n}": generator.normal(size=rows) for n in range(8)}
    frame |= {f"skewed {n}": np.exp(generator.normal(size=rows)) for n in range(5)}
    frame["income"], frame["rent"] = np.exp(first), rho * first + np.sqrt(1 - rho**2) * noise
    for n in range(4):
        frame[f"word {n}"] = np.char.add("w", generator.integers(0, 5 + 10 * n, rows).astype(str))
    frame["flag"] = generator.random(rows) < 0.2
    return frame


def listed(frame: Frame) -> dict[str, list[Any]]:
    """Give a frame as monitoring gets its columns."""
    return {name: values.tolist() for name, values in frame.items()}


def peer(reference: Frame, windows: list[Frame], size: int, folder: Path) -> Any:
    """Give NannyML's values, alarms and CPU seconds; `None` where it is not installed."""
    if not PYTHON.exists():
        return None
    whole = {name: np.concatenate([one[name] for one in windows]) for name in reference}
    paths = [folder / "reference.parquet", folder / "windows.parquet"]
    for path, frame in zip(paths, (reference, whole), strict=True):
        pa_parquet.write_table(pa.table(frame), path)
    done = subprocess.run(
        [str(PYTHON), "-c", _PEER, *map(str, paths), str(size)],
        capture_output=True,
        text=True,
        check=True,
        env={"NML_DISABLE_USAGE_LOGGING": "1", "http_proxy": "http://127.0.0.1:9"},
    )
    return json.loads(done.stdout.strip().splitlines()[-1])


def univariate(reference: Frame) -> dict[str, profile.ColumnReference]:
    """Learn the columns alone."""
    return {
        name: profile.reference_of(name, values, role=ColumnRole.input, origin=Origin.training)
        for name, values in listed(reference).items()
    }


def row(shift: str, size: int, count: int, folder: Path) -> str:
    """Give one line of the table."""
    generator = np.random.default_rng([size, len(shift)])
    alone = ours = theirs = 0
    apart: list[float] = []
    used = theirs_used = 0.0
    per = max(1, count // REFERENCES)
    for _ in range(REFERENCES):
        reference = draw(REFERENCE_ROWS, generator)
        model, known = joint.fit(listed(reference)), univariate(reference)
        assert isinstance(model, joint.Model), model
        windows = [draw(size, generator, SHIFTS[shift]) for _ in range(per)]
        values = []
        for window in windows:
            columns = listed(window)
            started = time.process_time()
            judged = joint.judge(model, joint.count(model, columns))
            used += time.process_time() - started
            ours += judged.status == "drifting"
            values.append(judged.error.value if judged.error else 0.0)
            compared = drift.compare(known, profile.count(columns, known))
            alone += drift.judge_model(compared, size).status is drift.Status.drifting
        told = peer(reference, windows, size, folder)
        if told is not None:
            theirs += sum(told[1])
            theirs_used += told[2]
            apart += [abs(a - b) for a, b in zip(values, told[0], strict=True)]
    total = per * REFERENCES
    beside = f"{theirs / total:.1%} | {max(apart):.1e}" if apart else "- | -"
    return (
        f"| {shift} | {size:,} | {total} | {alone / total:.1%} | {ours / total:.1%} | {beside} "
        f"| {used / total * 1000:.1f} | {theirs_used / total * 1000:.1f} |"
    )


def main() -> None:
    """Simulate and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--windows", type=int, help="windows per line, at most")
    options = parser.parse_args()
    print(
        "| correlation | rows | windows | columns alone | together | NannyML | errors apart | "
        "ms CPU | NannyML's, with fit |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|"
    )
    folder = Path(".make") / "joint"
    folder.mkdir(parents=True, exist_ok=True)
    for shift in SHIFTS:
        for size, count in SIZES.items():
            print(row(shift, size, min(count, options.windows or count), folder), flush=True)


if __name__ == "__main__":
    main()
