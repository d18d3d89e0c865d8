"""A million known rows through a real deployment, then what the API says beside the rows.

    python benchmarks/soak_capture.py [--requests 1000000]

Starts a fresh installation and deploys a model of 30 measurements, two of which may be missing.
Calls carry one row each; one in fifty does not fit and is refused. The control plane is killed
(`kill -9`) in the middle and started again. Compared, through the REST API only: calls by status,
every column's histogram, percentiles and gaps, PSI, KS with its p-value and JS by SciPy on the same
bins to 1e-9, and latency percentiles against the kept rows. Exits with 1 when anything differs.
"""

import argparse
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT)] + [str(ROOT / part / "src") for part in ("protocol", "server", "sdk")]

from benchmarks.conditions import told  # noqa: E402
from tests.make import patchy, replay  # noqa: E402
from tests.make.installation import Installation, an_installation, wait_for  # noqa: E402
from tests.make.journey import an_owner  # noqa: E402

PATIENCE_SECONDS = 1200


def _kill_and_start(installation: Installation, seconds: float) -> threading.Thread:
    def later() -> None:
        time.sleep(seconds)
        installation.kill()
        installation.start()

    thread = threading.Thread(target=later)
    thread.start()
    return thread


def main() -> int:
    """Replay, compare, and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=1_000_000)
    options = parser.parse_args()
    conditions = told()
    with (
        tempfile.TemporaryDirectory(prefix="modelyard-soak-") as folder,
        an_installation(Path(folder)) as installation,
    ):
        owner = an_owner(installation)
        owner.run_example("../tests/make/patchy.py")
        deployment = owner.deploy(patchy.NAME)
        path, truth = f"/deployments/{deployment['id']}", replay.Truth()
        sender = replay.Sender(deployment["url"], owner.a_key(deployment["id"]))
        began = time.monotonic()
        killing = _kill_and_start(installation, min(30.0, options.requests / 20_000))
        replay.replay(sender, options.requests, truth)
        sent_seconds = time.monotonic() - began
        killing.join()
        sender.close()
        wait_for(
            lambda: replay.counted(owner, deployment["id"]) >= options.requests,
            PATIENCE_SECONDS,
            lambda: f"Counted: {replay.counted(owner, deployment['id'])}",
        )
        counted_seconds = time.monotonic() - began
        results = {
            "calls by status": replay.differing_counts(owner, deployment["id"], truth),
            "histograms, percentiles": replay.differing_columns(owner, deployment["id"], truth),
            "gaps, PSI, KS, p, JS to 1e-9": replay.differing_drift(owner, deployment["id"], truth),
        }
        wait_for(
            lambda: owner.get(f"{path}/capture")["rows"] >= options.requests,
            PATIENCE_SECONDS,
            lambda: str(owner.get(f"{path}/capture")),
        )
        raw = replay.kept(owner, deployment["id"], Path(folder) / "rows.parquet")
        dropped = owner.get(f"{path}/capture")["dropped_records"]
        results["latency percentiles"], seen = replay.differing_latency(
            owner, deployment["id"], raw
        )
        doubled = len(raw) - len(set(raw["prediction_id"].to_pylist()))
        results["rows kept once"] = [] if len(raw) == options.requests and not doubled else ["!"]
    print(conditions)
    print(f"\n{options.requests:,} calls in {sent_seconds:.0f} s", end=" ")
    print(f"({options.requests / sent_seconds:,.0f}/s), all counted after {counted_seconds:.0f} s,")
    print(f"records lost: {dropped}, rows kept: {len(raw):,}, of them twice: {doubled}\n")
    print("| compared through the API | differences |\n|---|---:|")
    for what, differences in results.items():
        print(f"| {what} | {len(differences)} |")
    print("\n| latency | told, ms | from the rows, ms |\n|---|---:|---:|")
    for name, (one, other) in seen.items():
        print(f"| {name} | {one:.3f} | {other:.3f} |")
    differences = [one for found in results.values() for one in found]
    for one in differences[:40]:
        print(one, file=sys.stderr)
    return 1 if differences or dropped else 0


if __name__ == "__main__":
    sys.exit(main())
