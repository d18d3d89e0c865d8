"""A throw-away PostgreSQL server from Debian's binaries, on a Unix socket."""

import getpass
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def _binaries() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    if found:
        return found[0].parent
    on_path = shutil.which("initdb")
    if on_path is None:
        raise RuntimeError("PostgreSQL is not installed; run scripts/system-deps test.")
    return Path(on_path).resolve().parent


@contextmanager
def postgres_server() -> Iterator[str]:
    """Start a server; give the URL of a database whose owner is an ordinary role."""
    binaries = _binaries()
    with tempfile.TemporaryDirectory(prefix="modelyard-pg-", ignore_cleanup_errors=True) as folder:
        data, user = Path(folder) / "data", getpass.getuser()
        as_user: list[str] = []
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            shutil.chown(folder, "postgres")
            Path(folder).chmod(0o755)
            as_user, user = (
                ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"],
                "postgres",
            )

        def run(*argv: str) -> None:
            subprocess.run([*as_user, *argv], check=True, capture_output=True, cwd=folder)

        run(str(binaries / "initdb"), "-A", "trust", "-N", "-D", str(data))
        options = f"-k {folder} -c listen_addresses='' -c fsync=off -c max_connections=200"
        run(
            str(binaries / "pg_ctl"),
            "-w",
            "-D",
            str(data),
            "-o",
            options,
            "-l",
            f"{folder}/log",
            "start",
        )
        try:
            for statement in (
                "CREATE ROLE modelyard LOGIN",
                "CREATE DATABASE modelyard OWNER modelyard",
            ):
                run(
                    str(binaries / "psql"),
                    "-h",
                    folder,
                    "-U",
                    user,
                    "-d",
                    "postgres",
                    "-c",
                    statement,
                )
            yield f"postgresql://modelyard@/modelyard?host={folder}"
        finally:
            run(str(binaries / "pg_ctl"), "-D", str(data), "-m", "immediate", "stop")
