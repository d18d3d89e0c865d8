"""The run table in a browser: first rows, frames while scrolling, an experiment of many metrics.

    python benchmarks/run_table.py [--runs 10000] [--metrics 50] [--wide-runs 500]
        [--wide-metrics 1000] [--postgres]

Runs are made by bulk insert in a temporary folder and served by a process of its own; the built
web application runs in Debian's Chromium. Prints a Markdown table. The frame of an empty page that
scrolls is given beside the table's: on a busy machine, or without a graphics card, that is the
floor.
"""

import argparse
import contextlib
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
from benchmarks.filling import fill, some_runs  # noqa: E402
from benchmarks.servers import process  # noqa: E402
from playwright.sync_api import CDPSession, Page  # noqa: E402
from tests.make.browser import a_visitor  # noqa: E402
from tests.make.fixtures import make_platform  # noqa: E402
from tests.make.installation import a_free_port  # noqa: E402
from tests.make.live import SOURCES  # noqa: E402
from tests.make.postgres import postgres_server  # noqa: E402

PASSWORD = "correct horse battery staple"
FRAMES, PIXELS = 600, 120
SCROLL = """async ([frames, pixels, selector]) => {
  const box = selector ? document.querySelector(selector) : document.scrollingElement;
  const most = Math.max(box.scrollHeight - box.clientHeight, 1);
  const times = [], long = [];
  const watch = new PerformanceObserver((list) => long.push(...list.getEntries()));
  watch.observe({ type: "longtask" });
  let before = performance.now();
  for (let frame = 0; frame < frames; frame += 1) {
    box.scrollTop = (frame * pixels) % most;
    const now = await new Promise(requestAnimationFrame);
    times.push(now - before);
    before = now;
  }
  watch.disconnect();
  return [times.slice(5), long.length];
}"""
COMPARED = 50
BOX = "table[aria-label=Runs]"
SCROLLER = "div:has(> table[aria-label=Runs])"


def _names(metrics: int) -> tuple[str, ...]:
    return tuple(f"group{n % 10}/metric_{n:04d}" for n in range(metrics))


def sign_in(page: Page, address: str, email: str) -> None:
    page.goto(f"{address}/sign-in")
    page.get_by_role("textbox", name="E-mail").fill(email)
    page.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/home")


def opened(page: Page, address: str) -> tuple[float, int]:
    """Open a run table; give the milliseconds to its first rows, and the bytes it asked for."""
    sizes: list[int] = []
    page.on("response", lambda answer: sizes.append(_size(answer)))
    began = time.perf_counter()
    page.goto(address)
    page.locator(f"{BOX} tbody tr[data-index='10']").wait_for()
    took = (time.perf_counter() - began) * 1000
    return took, sum(sizes)


def _size(answer: object) -> int:
    url, headers = answer.url, answer.headers  # type: ignore[attr-defined]
    return int(headers.get("content-length", 0)) if "/api/v1/" in url else 0


def load_all(page: Page, runs: int) -> float:
    """Scroll until every run is loaded; give the seconds."""
    began = time.perf_counter()
    loaded = f"{runs:,} of {runs:,}"
    while loaded not in (page.locator(SCROLLER).locator("xpath=..").inner_text()[-60:]):
        page.evaluate(f"document.querySelector('{SCROLLER}').scrollTop = 1e9")
        page.wait_for_timeout(30)
    return time.perf_counter() - began


def frames(page: Page, selector: str | None) -> str:
    """Scroll; give frames in ms, tasks of more than 50 ms, and what a frame costs the page."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable", {"timeDomain": "threadTicks"})
    before = _task_ms(devtools)
    times, long = page.evaluate(SCROLL, [FRAMES, PIXELS, selector])
    cost = (_task_ms(devtools) - before) / FRAMES
    devtools.detach()
    p95 = statistics.quantiles(times, n=20)[-1]
    spread = f"{statistics.median(times):.1f} / {p95:.1f} / {max(times):.0f}"
    return f"{spread}, {long} long tasks, {cost:.1f} ms of processor time a frame"


def _task_ms(devtools: CDPSession) -> float:
    found = devtools.send("Performance.getMetrics")["metrics"]
    return sum(one["value"] for one in found if one["name"] == "TaskDuration") * 1000


@contextlib.contextmanager
def served(database_url: str | None, shapes: list[tuple[str, int, int]]):  # type: ignore[no-untyped-def]
    """Fill a database, serve it, and sign a browser in; give page, address, experiments, runs."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder, port = Path(name), a_free_port()
        url = database_url or f"sqlite:///{folder / 'modelyard.db'}"
        made = make_platform(url, folder)
        workspace = made.a_workspace("team")
        person = workspace.a_person("developer", password=PASSWORD)
        ids = [
            fill(made.database, workspace.id, runs, _names(metrics), name=shape)
            for shape, runs, metrics in shapes
        ]
        compared = some_runs(made.database, workspace.id, ids[1], COMPARED)
        made.database.engine.dispose()
        argv = [sys.executable, "-m", "tests.make.live", name, str(port), "0", url]
        address = f"http://localhost:{port}"
        environment = {
            "PYTHONPATH": os.pathsep.join(SOURCES),
            "MODELYARD_WEB_DIR": str(ROOT / "web/dist"),
        }
        with (
            process(argv, address, folder, **environment),
            a_visitor() as visitor,
        ):
            sign_in(visitor.page, address, person.email)
            yield visitor.page, f"{address}/w/team/experiments", ids, compared


def measure(database_url: str | None, options: argparse.Namespace) -> None:
    shapes = [
        ("many runs", options.runs, options.metrics),
        ("many metrics", options.wide_runs, options.wide_metrics),
    ]
    with served(database_url, shapes) as (page, address, (many, wide), compared):
        page.set_content("<div style='height:99999px;background:linear-gradient(red,blue)'>")
        print(f"| frames of an empty page, ms, median / p95 / max | {frames(page, None)} |")
        took, size = opened(page, f"{address}/{many}")
        print(f"| {options.runs:,} runs of {options.metrics} metrics: first rows | {took:.0f} ms |")
        took, _ = opened(page, f"{address}/{many}")
        print(f"| the same, opened again | {took:.0f} ms |")
        seconds = load_all(page, options.runs)
        print(f"| all {options.runs:,} rows loaded by scrolling | {seconds:.1f} s |")
        print(f"| frames while scrolling them, ms, median / p95 / max | {frames(page, SCROLLER)} |")
        print(f"| row nodes in the page | {page.locator(f'{BOX} tbody tr[data-index]').count()} |")
        took, size = opened(page, f"{address}/{wide}")
        what = f"{options.wide_runs:,} runs of {options.wide_metrics:,} metrics: first rows"
        print(f"| {what} | {took:.0f} ms, {size / 1000:.0f} KB of answers |")
        began = time.perf_counter()
        page.get_by_role("button", name="Columns").click()
        page.get_by_text(f"{options.wide_runs:,}", exact=True).first.wait_for()
        print(f"| its column picker with counts | {(time.perf_counter() - began) * 1000:.0f} ms |")
        page.keyboard.press("Escape")
        _wide(page, address, compared)


def _wide(page: Page, address: str, runs: list[str]) -> None:
    """Open and scroll the page of a run, and the comparison of runs, of very many metrics."""
    places = [
        ("run page of such a run", f"runs/{runs[0]}", "div:has(> table[aria-label=Metrics])"),
        (f"comparison of {len(runs)} such runs", f"compare?runs={','.join(runs)}", None),
    ]
    for what, place, scroller in places:
        began = time.perf_counter()
        page.goto(f"{address.removesuffix('experiments')}{place}")
        page.get_by_text("metric_0000").first.wait_for()
        took = (time.perf_counter() - began) * 1000
        print(f"| {what}: its metrics | {took:.0f} ms |", flush=True)
        print(f"| frames while scrolling it | {frames(page, scroller)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--metrics", type=int, default=50)
    parser.add_argument("--wide-runs", type=int, default=500)
    parser.add_argument("--wide-metrics", type=int, default=1_000)
    parser.add_argument("--postgres", action="store_true")
    options = parser.parse_args()
    print(told(), "\n")
    print("| what | measured |")
    print("|---|---|")
    if not options.postgres:
        return measure(None, options)
    with postgres_server() as url:
        measure(url, options)
    return None


if __name__ == "__main__":
    main()
