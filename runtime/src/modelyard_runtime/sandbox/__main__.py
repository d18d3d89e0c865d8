"""Command line of the sandbox; see `--help` of each verb."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from . import kernel
from .measure import RISKS, missing
from .probe import NoSandbox, choose, probe
from .walls import Spec, execute


def main(argv: list[str] | None = None) -> int:
    """Run a program behind walls, or tell which walls there are."""
    parser = _parser()
    options = parser.parse_args(argv)
    if options.verb == "probe":
        found = probe()
        risks = {name: RISKS[name] for name in missing(found.chosen)}
        facts = {"tiers": found.tiers, "chosen": found.chosen, "why": found.why, "missing": risks}
        print(json.dumps(facts))  # noqa: T201 - the answer of this command
        return 0
    line = options.argv[1:] if options.argv[:1] == ["--"] else options.argv
    if not line:
        parser.error("there is no program to run after --")
    if options.timeout is not None:
        return _watched(sys.argv[1:] if argv is None else argv, options.timeout)
    if options.parent:
        kernel.die_with_parent()
        if os.getppid() != options.parent:
            return 1
    try:
        tier = choose(options.tier, allow_unsandboxed=options.allow_unsandboxed)
        execute(_spec(options, line), tier)
    except (NoSandbox, OSError) as error:
        print(f"sandbox: {error}", file=sys.stderr)  # noqa: T201 - stderr is this command's log
    return 126


def _spec(options: argparse.Namespace, line: list[str]) -> Spec:
    pairs = [pair.partition("=") for pair in options.env]
    return Spec(
        argv=line,
        read=[path.absolute() for path in options.ro],
        write=[path.absolute() for path in options.rw],
        environment={name: value for name, _, value in pairs},
        secrets=_secrets(options.env_file),
        keep_fds=options.keep_fd,
        memory_mb=options.memory_mb,
        threads=options.processes,
        open_files=options.open_files,
        tmp_mb=options.tmp_mb,
    )


def _secrets(path: Path | None) -> dict[str, str]:
    if path is None:
        return {}
    found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _watched(argv: list[str], seconds: float) -> int:
    """Run this same command as a child and end it after `seconds`."""
    at = argv.index("--timeout")
    rest = [*argv[:at], *argv[at + 2 :]]
    line = [sys.executable, "-m", "modelyard_runtime.sandbox", "run", "--parent", str(os.getpid())]
    with subprocess.Popen([*line, *rest[1:]]) as child:
        try:
            code = child.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            child.kill()
            print(f"sandbox: stopped after {seconds:g} seconds", file=sys.stderr)  # noqa: T201
            return 124
    return code if code >= 0 else 128 - code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="modelyard_runtime.sandbox")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("probe", help="print which walls work here and which are missing, as JSON")
    run = verbs.add_parser("run", help="run a program behind walls")
    run.add_argument("--ro", type=Path, action="append", default=[], help="readable path")
    run.add_argument("--rw", type=Path, action="append", default=[], help="writable folder")
    run.add_argument("--env", action="append", default=[], metavar="K=V")
    run.add_argument("--env-file", type=Path, help="JSON of variables that no one else may see")
    run.add_argument("--keep-fd", type=int, action="append", default=[])
    run.add_argument("--memory-mb", type=int, default=1024)
    run.add_argument("--processes", type=int, default=64, help="threads; processes may not start")
    run.add_argument("--open-files", type=int, default=512)
    run.add_argument("--tmp-mb", type=int, default=64)
    run.add_argument("--timeout", type=float, help="end the program after this many seconds")
    run.add_argument("--parent", type=int, default=0, help="die when this process dies")
    run.add_argument("--tier", choices=["auto", "bwrap", "landlock", "none"], default="auto")
    run.add_argument("--allow-unsandboxed", action="store_true")
    run.add_argument("argv", nargs=argparse.REMAINDER)
    return parser


if __name__ == "__main__":
    sys.exit(main())
