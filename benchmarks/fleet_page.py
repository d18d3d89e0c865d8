"""The fleet page of many deployments in a browser: opened, and a change that reaches it live.

    python benchmarks/fleet_page.py [--deployments 500] [--postgres]

Deployments with counts of a day and stored verdicts are made in a temporary folder and served by
a process of its own; the built web application runs in Debian's Chromium. Prints a Markdown table.
"""

import argparse
import datetime as dt
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT)] + [
    str(ROOT / part / "src") for part in ("protocol", "server", "runtime", "sdk")
]

from benchmarks.conditions import told  # noqa: E402
from benchmarks.run_table import PASSWORD, sign_in  # noqa: E402
from benchmarks.servers import process  # noqa: E402
from playwright.sync_api import Page  # noqa: E402
from sqlalchemy.orm import Session  # noqa: E402
from tests.make import monitoring  # noqa: E402
from tests.make.browser import a_visitor  # noqa: E402
from tests.make.fixtures import TeamSpace, make_platform  # noqa: E402
from tests.make.installation import a_free_port  # noqa: E402
from tests.make.live import SOURCES  # noqa: E402
from tests.make.postgres import postgres_server  # noqa: E402

from modelyard_server.kernel.clock import utcnow  # noqa: E402
from modelyard_server.monitoring import profile  # noqa: E402
from modelyard_server.monitoring.delta import COARSE, DAY, EVER, FINE, HOUR  # noqa: E402
from modelyard_server.monitoring.models import (  # noqa: E402
    DriftProfile,
    DriftResult,
    TrafficCount,
)

TIMES = 7
CHANGES = 5
STEPS = {FINE: 240, COARSE: 12, HOUR: 24, DAY: 30}
"""Stored stretches of each length: those that the page's ranges are read from."""


def fill(workspace: TeamSpace, folder: Path, deployments: int) -> list[monitoring.Watched]:
    """Make deployments with traffic and verdicts; every tenth drifts, every fiftieth fails."""
    made = [monitoring.a_watched_deployment(workspace, folder) for _ in range(deployments)]
    now = utcnow()
    for number, watched in enumerate(made):
        with workspace.platform.database.session(workspace.id) as db:
            _count(db, watched, now, failed=number % 50 == 0)
            _judge(db, watched, now, drifts=number % 10 == 0)
    return made


def _count(db: Session, watched: monitoring.Watched, now: dt.datetime, *, failed: bool) -> None:
    for resolution, steps in {**STEPS, EVER: 1}.items():
        for back in range(steps):
            start = int(now.timestamp()) // resolution * resolution if resolution else 0
            db.add(
                TrafficCount(
                    deployment_id=watched.id,
                    resolution=resolution,
                    at=dt.datetime.fromtimestamp(start - back * resolution, dt.UTC),
                    revision=1,
                    version=1,
                    requests=1000 + back,
                    errors_4xx=3,
                    errors_5xx=100 if failed else 1,
                    latency={str(bucket): 40 for bucket in range(200, 225)},
                )
            )


def _judge(db: Session, watched: monitoring.Watched, now: dt.datetime, *, drifts: bool) -> None:
    of = {"deployment_id": watched.id, "version": 1}
    counted, hour = now - dt.timedelta(minutes=2), now.replace(minute=0, second=0, microsecond=0)
    packed = profile.pack({})
    db.add(DriftProfile(**of, resolution=60, at=counted, columns=packed, updated_at=counted))
    for window in ("1h", "24h", "7d"):
        db.add(
            DriftResult(
                **of,
                window=window,
                at=hour + dt.timedelta(hours=1),
                rows=10_000,
                verdict="drifting" if drifts else "ok",
                reason="2 of 30 inputs moved." if drifts else "No input moved.",
                is_confirmed=drifts,
                share=0.2,
                quality="ok",
                quality_reason="No faults.",
                columns=b"",
                computed_at=now,
            )
        )


def opened(page: Page, address: str) -> float:
    """Open the page afresh; give the milliseconds until its rows and the health bar are drawn."""
    page.goto("about:blank")
    began = time.perf_counter()
    page.goto(address)
    page.get_by_role("list", name="Health of the fleet").wait_for()
    page.locator("table[aria-label=Fleet] tbody tr").nth(9).wait_for()
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => done()))")
    return (time.perf_counter() - began) * 1000


def heard(page: Page, worst: monitoring.Watched, calls: int) -> float:
    """Count calls of the first row; give the seconds until the page shows them."""
    before = page.locator("table[aria-label=Fleet] tbody tr").first.inner_text()
    began = time.perf_counter()
    monitoring.ingest(worst, [worst.traffic({"503": calls})])
    page.wait_for_function(
        "(old) => document.querySelector('table[aria-label=Fleet] tbody tr').innerText !== old",
        arg=before,
    )
    return time.perf_counter() - began


def measure(database_url: str | None, deployments: int) -> None:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder, port = Path(name), a_free_port()
        url = database_url or f"sqlite:///{folder / 'modelyard.db'}"
        made = make_platform(url, folder)
        workspace = made.a_workspace("team")
        person = workspace.a_person("developer", password=PASSWORD)
        worst = fill(workspace, folder, deployments)[0]
        argv = [sys.executable, "-m", "tests.make.live", name, str(port), "0", url]
        address = f"http://localhost:{port}"
        environment = {
            "PYTHONPATH": os.pathsep.join(SOURCES),
            "MODELYARD_WEB_DIR": str(ROOT / "web/dist"),
        }
        with process(argv, address, folder, **environment), a_visitor() as visitor:
            page = visitor.page
            sign_in(page, address, person.email)
            times = [opened(page, f"{address}/w/team/monitoring") for _ in range(TIMES)]
            spread = f"{statistics.median(times):.0f} ms, {min(times):.0f} to {max(times):.0f}"
            print(f"| {deployments} deployments: page opened, of {TIMES} times | {spread} |")
            page.get_by_text("Live", exact=True).wait_for()
            waits = [heard(page, worst, 2_000_000 + 10**6 * n) for n in range(CHANGES)]
            spread = f"{statistics.median(waits):.1f} s, at most {max(waits):.1f} s"
            print(f"| a stored count reaches the open page, of {CHANGES} | {spread} |")
        made.database.engine.dispose()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deployments", type=int, default=500)
    parser.add_argument("--postgres", action="store_true")
    options = parser.parse_args()
    print(told(), "\n")
    print("| what | measured |")
    print("|---|---|")
    if not options.postgres:
        return measure(None, options.deployments)
    with postgres_server() as url:
        measure(url, options.deployments)
    return None


if __name__ == "__main__":
    main()
