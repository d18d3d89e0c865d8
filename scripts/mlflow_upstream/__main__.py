"""Runs the MLflow project's own tests against Modelyard and against a genuine server.

The tests are not in this repository. Get the `tests` folder of an MLflow release, and make a Python
environment with that release and what its tests import. Then, for each suite,

    python scripts/mlflow_upstream run genuine rest --tests FOLDER --python ENVIRONMENT/bin/python
    python scripts/mlflow_upstream run ours rest --tests FOLDER --python ENVIRONMENT/bin/python
    python scripts/mlflow_upstream compare rest

`FOLDER` holds `tests`. What does not pass here though it passes there must have its line in
`server/src/modelyard_server/tracking/mlflow/upstream.py`, with the reason.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
RESULTS = ROOT / ".make" / "upstream"
SUITES: dict[str, list[str]] = {
    "rest": ["tests/tracking/test_rest_tracking.py", "tests/tracking/test_model_registry.py"],
    "artifacts": ["tests/tracking/test_mlflow_artifacts.py"],
    "webhooks": ["tests/tracking/test_client_webhooks.py", "tests/webhooks/test_e2e.py"],
    "tracking": [
        "tests/store/tracking/sqlalchemy_store/test_sqlalchemy_store.py",
        "tests/store/tracking/sqlalchemy_store/test_sqlalchemy_store_issues.py",
    ],
    "registry": ["tests/store/model_registry/test_sqlalchemy_store.py"],
}
STORES = frozenset({"tracking", "registry"})  # driven through the client's REST stores
INSIDE = ("object has no attribute", "ManagedSessionMaker")
"""What a test says that reaches past the protocol into MLflow's own store."""


def run(arguments: argparse.Namespace, more: list[str]) -> int:
    """Run one suite; the verdict of each test goes to a JUnit file."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    result = RESULTS / f"{arguments.peer}-{arguments.suite}.xml"
    environment = os.environ | {
        "PATH": f"{Path(arguments.python).absolute().parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(HERE),
        "UPSTREAM_PEER": arguments.peer,
        "UPSTREAM_STORE": arguments.suite if arguments.suite in STORES else "",
        "UPSTREAM_PORT": str(arguments.port),
        "UPSTREAM_JOBS": "yes" if arguments.suite == "webhooks" else "no",
        "UPSTREAM_PYTHON": sys.executable,
    }
    once = ["-k", "not workspace-enabled"] if arguments.suite in STORES else []
    command = [
        str(Path(arguments.python).absolute()),
        "-m",
        "pytest",
        "-p",
        "redirect",
        "-q",
        "-p",
        "no:cacheprovider",
    ]
    command += ["--timeout", "250", f"--junitxml={result}", *once, *SUITES[arguments.suite], *more]
    with result.with_suffix(".log").open("w") as log:
        subprocess.run(
            command, cwd=arguments.tests, env=environment, stdout=log, stderr=log, check=False
        )
    print(arguments.peer, arguments.suite, dict(Counter(how for how, _ in read(result).values())))
    return 0


def compare(suite: str) -> int:
    """Print the tests that a genuine server passes and Modelyard does not."""
    ours, genuine = (read(RESULTS / f"{peer}-{suite}.xml") for peer in ("ours", "genuine"))
    for peer, found in (("genuine", genuine), ("ours", ours)):
        print(peer, dict(Counter(how for how, _ in found.values())))
    missed = [
        test
        for test, (how, _) in sorted(ours.items())
        if how != "passed" and genuine.get(test, ("passed", ""))[0] == "passed"
    ]
    for test in missed:
        print(f"{test} | {' '.join(ours[test])[:300]}")
    print(f"{len(missed)} pass on a genuine server only")
    return len(missed)


def read(file: Path) -> dict[str, tuple[str, str]]:
    """Give the verdict of each test and what it says."""
    found: dict[str, tuple[str, str]] = {}
    for case in ElementTree.parse(file).getroot().iter("testcase"):
        test = f"{case.get('classname', '').rpartition('.')[2]}::{case.get('name')}"
        wrong = next((part for part in case if part.tag in ("failure", "error")), None)
        said = "" if wrong is None else " ".join((wrong.get("message") or "").split())
        how = "passed" if wrong is None else "failed"
        if case.find("skipped") is not None:
            how = "skipped"
        elif any(word in said for word in INSIDE):
            how = "looks inside"
        found[test] = (how, said)
    return found


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="mlflow_upstream", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    running = commands.add_parser("run")
    running.add_argument("peer", choices=("ours", "genuine"))
    running.add_argument("suite", choices=SUITES)
    running.add_argument("--tests", type=Path, required=True)
    running.add_argument("--python", required=True)
    running.add_argument("--port", type=int, default=18110)
    comparing = commands.add_parser("compare")
    comparing.add_argument("suite", choices=SUITES)
    arguments, more = parser.parse_known_args()
    if arguments.command == "run":
        return run(arguments, more)
    return int(compare(arguments.suite) > 0)


if __name__ == "__main__":
    sys.exit(main())
