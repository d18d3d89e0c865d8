"""Time "has it moved?" over a day of 1,000,000 rows and 30 columns, beside Evidently and NannyML.

    python benchmarks/drift_peers.py
    python benchmarks/drift_peers.py --rows 200000

Everybody gets the same frames. Peers run in virtual environments of their own below `.make/peers`,
without network use of theirs; pandas is held at 2.3.3, which Evidently 0.7.23 needs, and NannyML
0.13.1 gets the statsmodels it does not declare. Ours answers from counts made on arrival; making
them is timed as well.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pa_parquet

from modelyard_server.monitoring import drift, profile
from modelyard_server.monitoring.profile import ColumnRole, Origin

PEERS = Path(".make/peers")
WANTED = {
    "evidently": ["evidently==0.7.23", "pandas==2.3.3", "pyarrow"],
    "nannyml": ["nannyml==0.13.1", "pandas==2.3.3", "pyarrow", "statsmodels", "setuptools<81"],
}
BUCKETS = 288  # five minutes each
NUMBERS, WORDS, FLAGS = 20, 6, 4

_EVIDENTLY = """
import sys, time, json, pandas as pd
from evidently import Report, Dataset
from evidently.presets import DataDriftPreset
before, now = (pd.read_parquet(path) for path in sys.argv[1:3])
started, used = time.perf_counter(), time.process_time()
Report([DataDriftPreset()]).run(Dataset.from_pandas(now), Dataset.from_pandas(before)).dict()
print(json.dumps([time.perf_counter() - started, time.process_time() - used]))
"""
_NANNYML = """
import sys, time, json, pandas as pd, nannyml as nml
before, now = (pd.read_parquet(path) for path in sys.argv[1:3])
made = nml.UnivariateDriftCalculator(
    column_names=list(before.columns), chunk_size=50_000,
    continuous_methods=["jensen_shannon"], categorical_methods=["jensen_shannon"])
started, used = time.perf_counter(), time.process_time()
made.fit(before)
made.calculate(now).to_df()
print(json.dumps([time.perf_counter() - started, time.process_time() - used]))
"""


def sample(rows: int, seed: int) -> dict[str, Any]:
    """Draw correlated numbers, words with up to 200 values, and flags."""
    generator = np.random.default_rng(seed)
    common = generator.normal(size=rows)
    drawn: dict[str, Any] = {
        f"number {n}": np.exp((common + generator.normal(size=rows)) / 2) for n in range(NUMBERS)
    }
    for n in range(WORDS):
        drawn[f"word {n}"] = np.char.add(
            "w", np.minimum(generator.zipf(1.6, rows), 150).astype(str)
        )
    for n in range(FLAGS):
        drawn[f"flag {n}"] = generator.random(rows) < 0.2
    return drawn


def ours(before: dict[str, Any], now: dict[str, Any]) -> tuple[float, float, float]:
    """Give wall and CPU seconds of the answer, and CPU seconds of counting on arrival."""
    known = {
        name: profile.reference_of(
            name, values.tolist(), role=ColumnRole.input, origin=Origin.training
        )
        for name, values in before.items()
    }
    used = time.process_time()
    stored = [
        profile.pack(profile.count({n: v[at::BUCKETS].tolist() for n, v in now.items()}, known))
        for at in range(BUCKETS)
    ]
    counting = time.process_time() - used
    taken = []
    for _ in range(3):
        started, used = time.perf_counter(), time.process_time()
        merged = profile.merge(profile.unpack(packed) for packed in stored)
        assert len(drift.compare(known, merged)) == NUMBERS + WORDS + FLAGS
        taken.append((time.perf_counter() - started, time.process_time() - used))
    wall, cpu = min(taken)
    return wall, cpu, counting


def peer(name: str, script: str, frames: list[Path]) -> tuple[float, float] | str:
    """Give wall and CPU seconds of a peer, or why it has none."""
    folder = PEERS / name
    python = folder / "bin" / "python"
    uv = Path(sys.executable).with_name("uv")
    if not python.exists():
        subprocess.run([uv, "venv", "-q", folder], check=True)
    install = [uv, "pip", "install", "-q", "--python", python, *WANTED[name]]
    subprocess.run(install, check=True)
    quiet = {"DO_NOT_TRACK": "1", "NML_DISABLE_USAGE_LOGGING": "1", "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [python, "-c", script, *frames],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | quiet | {"http_proxy": "http://127.0.0.1:9", "PYTHONPATH": ""},
    )
    if done.returncode:
        return done.stderr.strip().splitlines()[-1][:200]
    wall, cpu = json.loads(done.stdout.strip().splitlines()[-1])
    return wall, cpu


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--reference", type=int, default=200_000)
    options = parser.parse_args()
    before, now = sample(options.reference, 1), sample(options.rows, 2)
    wall, cpu, counting = ours(before, now)
    print(f"| {options.rows:,} rows x 30 columns | wall s | CPU s |\n|---|---:|---:|")
    print(f"| Modelyard, from {BUCKETS} stored counts | {wall:.3f} | {cpu:.3f} |")
    print(f"| the same, counting on arrival included | | {cpu + counting:.1f} |", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        frames = [Path(folder) / "before.parquet", Path(folder) / "now.parquet"]
        for path, drawn in zip(frames, (before, now), strict=True):
            pa_parquet.write_table(pa.table({n: pa.array(v) for n, v in drawn.items()}), path)
        for name, script in (("evidently", _EVIDENTLY), ("nannyml", _NANNYML)):
            found = peer(name, script, frames)
            said = found if isinstance(found, str) else f"{found[0]:.1f} | {found[1]:.1f}"
            print(f"| {WANTED[name][0]} | {said} |", flush=True)


if __name__ == "__main__":
    main()
