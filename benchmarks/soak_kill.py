"""Updates and rollbacks under load while processes are killed: wrong answers, failed calls.

    python benchmarks/soak_kill.py [--rounds 12] [--callers 4]

Starts a fresh installation with two versions of the quickstart's model and calls it over kept
connections all the time. Each round updates or rolls back, and kills one process with SIGKILL in
the middle: a gateway worker, a model server, the node with all its workers, the control plane, in
turn. Every answer is compared with what its version answers undisturbed. A call fails for a reason
when it was open on a process that was dying, or nobody listened until the node was back. Exits with
1 for any wrong answer or other failure.
"""

import argparse
import json
import os
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT)] + [str(ROOT / part / "src") for part in ("protocol", "server", "sdk")]

import psutil  # noqa: E402
from benchmarks.conditions import told  # noqa: E402
from tests.make.installation import Installation, an_installation, wait_for  # noqa: E402
from tests.make.journey import Member, an_owner  # noqa: E402

VICTIMS = ("gateway worker", "model server", "node", "control plane")
ROWS = [[float(1 + row * column % 17) for column in range(30)] for row in range(8)]
PATIENCE_SECONDS = 240


@dataclass
class Call:
    """One call: when, and what came of it."""

    since: float
    """When the call before it had ended, or its connection was opened."""
    ended: float = 0.0
    status: int = 0
    version: str = ""
    predictions: list[Any] = field(default_factory=list)
    error: str = ""


class Caller(threading.Thread):
    """Calls over one connection until told to stop; opens another one when it breaks."""

    def __init__(self, url: str, key: str, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self._url, self._stop_asked = urlsplit(url), stop
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self.calls: list[Call] = []

    def run(self) -> None:
        body, http = json.dumps({"rows": ROWS}), None
        while not self._stop_asked.is_set():
            call = Call(self.calls[-1].ended if http and self.calls else time.monotonic())
            try:
                http = http or self._connected()
                http.request("POST", f"{self._url.path}/predict", body, self._headers)
                answer = http.getresponse()
                content = answer.read()
                call.status, call.version = answer.status, answer.headers["X-Model-Version"] or ""
                call.predictions = json.loads(content).get("predictions", [])
            except ConnectionRefusedError:
                call.error, http = "nobody listens", None
                self._stop_asked.wait(0.02)
            except (OSError, HTTPException) as error:
                call.error, http = type(error).__name__, None
            call.ended = time.monotonic()
            self.calls.append(call)

    def _connected(self) -> HTTPConnection:
        http = HTTPConnection(self._url.netloc, timeout=60)
        http.connect()
        return http


@dataclass
class Story:
    """A deployment of two versions, and what is done to it."""

    owner: Member
    installation: Installation
    deployment: dict[str, Any]
    kills: list[tuple[float, float, str]] = field(default_factory=list)
    """(not yet killed, gone with all its children, what)"""

    def observed(self) -> dict[str, Any]:
        path = self.installation.folder / "data/node/observed.json"
        found: dict[str, Any] = json.loads(path.read_text())
        return found

    def kill(self, victim: str) -> None:
        """Kill a process; what keeps it starts it again, the control plane is started by us."""
        if victim == "control plane":
            since = time.monotonic()
            self.installation.kill()
            self.kills.append((since, time.monotonic(), victim))
            self.installation.start()
            return
        seen = self.observed()
        pid = {
            "gateway worker": lambda: seen["workers"][0]["pid"],
            "model server": lambda: next(one["pid"] for one in seen["servers"] if one["pid"]),
            "node": self.installation.node_pid,
        }[victim]()
        killed = psutil.Process(int(pid))
        family = [killed, *killed.children(recursive=True)]  # its walls take them along
        since = time.monotonic()
        os.kill(int(pid), signal.SIGKILL)
        _, alive = psutil.wait_procs(family, PATIENCE_SECONDS)
        if alive:
            raise SystemExit(f"outlived the {victim}: {alive}")
        self.kills.append((since, time.monotonic(), victim))

    def move(self, version: int, *, back: bool) -> None:
        path = f"/deployments/{self.deployment['id']}"
        if back:
            self.owner.post(f"{path}/rollback", {"reason": "to see"})
        else:
            self.owner.post(f"{path}/revisions", {"version": version})

    def settle(self, version: int) -> None:
        self.owner.until_live(self.deployment["id"], version=version, seconds=PATIENCE_SECONDS)


def rounds(story: Story, count: int, made: Callable[[], int]) -> None:
    """Go to version 1 and back again, a kill in the middle of each."""
    for at in range(count):
        version, victim = 2 - at % 2, VICTIMS[at // 2 % len(VICTIMS)]
        story.move(version, back=at % 4 in {1, 3})
        story.kill(victim)
        story.settle(version)
        enough = made() + 200
        wait_for(lambda enough=enough: made() > enough, 60, lambda: "no calls")
        print(f"round {at + 1}: version {version} live, {victim} killed", flush=True)


def judged(calls: list[Call], story: Story, right: dict[str, list[Any]]) -> int:
    """Print what came of the calls; give the number that should not have been."""
    gateway = [kill for kill in story.kills if kill[2] in {"gateway worker", "node"}]
    away = _away(calls, story)
    kinds: Counter[str] = Counter()
    for call in calls:
        if call.status == 200:
            is_right = call.predictions == right.get(call.version)
            kinds["right" if is_right else "WRONG"] += 1
        elif call.error == "nobody listens":
            is_away = any(since <= call.ended <= until for since, until in away)
            kinds["refused while the node was away" if is_away else "REFUSED"] += 1
        elif call.error and any(
            call.since <= by and since <= call.ended for since, by, _ in gateway
        ):
            kinds["open on a killed process"] += 1
        else:
            kinds[f"FAILED: {call.status or call.error}"] += 1
    print(f"\n{len(calls)} calls, {len(story.kills)} kills")
    for kind, number in kinds.most_common():
        print(f"- {number} {kind}")
    if away:
        lasted = [round(until - since, 2) for since, until in away]
        print(f"- seconds without a listener after each kill of the node: {lasted}")
    return sum(number for kind, number in kinds.items() if kind[:2].isupper())


def _away(calls: list[Call], story: Story) -> list[tuple[float, float]]:
    """Give from when to when nobody listened after each kill of the node.

    It must be back within a minute, and before the next process is killed.
    """
    found = []
    for at, (since, _, victim) in enumerate(story.kills):
        if victim == "node":
            later = story.kills[at + 1][0] if at + 1 < len(story.kills) else since + 60
            end = min(later, since + 60)
            refused = [c.ended for c in calls if c.error == "nobody listens"]
            found.append((since, max((at for at in refused if since <= at < end), default=since)))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=16)
    parser.add_argument("--callers", type=int, default=4)
    options = parser.parse_args()
    print(told(), "\n")
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name,
        an_installation(Path(name)) as installation,
    ):
        owner = an_owner(installation)
        for more in ((), ("--C", "0.01")):
            owner.run_example("quickstart.py", *more)
        found = owner.deploy("breast-cancer", environment="dev")
        story = Story(owner, installation, owner.get(f"/deployments/{found['id']}"))
        key, right = owner.a_key(found["id"]), {}
        for version in (2, 1):
            if owner.get(f"/deployments/{found['id']}")["live_revision"]["version"] != version:
                story.move(version, back=False)
            story.settle(version)
            right[str(version)] = undisturbed(story.deployment["url"], key, str(version))
        stop = threading.Event()
        callers = [Caller(found["url"], key, stop) for _ in range(options.callers)]
        for caller in callers:
            caller.start()
        try:
            rounds(story, options.rounds, lambda: sum(len(one.calls) for one in callers))
        finally:
            stop.set()
            for caller in callers:
                caller.join()
        return 1 if judged([call for one in callers for call in one.calls], story, right) else 0


def undisturbed(url: str, key: str, version: str) -> list[Any]:
    """Ask a version for its predictions."""
    stop = threading.Event()
    caller = Caller(url, key, stop)
    caller.start()
    wait_for(
        lambda: [one for one in caller.calls if one.version == version], 60, lambda: "no answer"
    )
    stop.set()
    caller.join()
    return next(one.predictions for one in caller.calls if one.version == version)


if __name__ == "__main__":
    sys.exit(main())
