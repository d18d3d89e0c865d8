"""Turn a `Spec` into a running program behind walls. Called in a fresh process that then execs."""

from __future__ import annotations

import os
import resource
import shutil
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from . import kernel, syscalls

CODE_DIR = Path(__file__).resolve().parents[1]
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/lib32")
_SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/localtime", "/etc/ssl/openssl.cnf", "/etc/mime.types")
_DEVICES = ("/dev/null", "/dev/urandom", "/dev/random")  # /dev/zero gives memory nobody counts
_FACTS = ("/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/self", "/sys/devices/system/cpu")


class Tier(StrEnum):
    """Walls, strongest first."""

    bwrap = "bwrap"
    landlock = "landlock"
    none = "none"


@dataclass(frozen=True, slots=True)
class Spec:
    """What may run and what it may touch."""

    argv: list[str]
    read: list[Path] = field(default_factory=list)
    write: list[Path] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    """Environment variables that must not stand in a command line."""
    keep_fds: list[int] = field(default_factory=list)
    memory_mb: int = 1024
    threads: int = 64
    open_files: int = 512
    tmp_mb: int = 64


def execute(spec: Spec, tier: Tier) -> None:
    """Replace this process with the program behind the walls of `tier`. Never returns."""
    command = Path(spec.argv[0])
    if not command.is_absolute():
        command = Path(shutil.which(spec.argv[0]) or spec.argv[0]).absolute()
    argv = [str(command), *spec.argv[1:]]
    for fd in spec.keep_fds:
        os.set_inheritable(fd, True)
    _limit(spec, tier)
    read = [*spec.read, *interpreter_dirs(command), *code_dirs()]
    if tier is Tier.bwrap:
        line = bwrap_line(spec, read, argv)
        os.execve(line[0], line, {})  # noqa: S606 - /proc/1/environ in there shows bwrap's own
    environment = {**spec.secrets, **_environment(spec, tier)}
    read.append(Path(environment["PYTHONPATH"]))
    os.chdir(spec.write[0] if spec.write else "/")
    if tier is Tier.landlock:
        program = syscalls.build(own_pid=os.getpid())
        system = [Path(name) for name in (*_SYSTEM, *_SYSTEM_FILES, *_FACTS)]
        devices = [Path(name) for name in _DEVICES]
        kernel.drop_capabilities()
        kernel.restrict_files([*system, *read], [*spec.write, *devices])
        kernel.install_filter(program)
    os.execve(argv[0], argv, environment)  # noqa: S606 - that is what a sandbox is for


def bwrap_line(spec: Spec, read: list[Path], argv: list[str]) -> list[str]:
    """Write the bubblewrap command; the seccomp filter travels in a memory file."""
    program = os.memfd_create("seccomp", 0)
    os.write(program, syscalls.build(own_pid=None))
    os.lseek(program, 0, os.SEEK_SET)
    os.set_inheritable(program, True)
    line = [str(shutil.which("bwrap")), "--unshare-all", "--unshare-user", "--die-with-parent"]
    line += ["--new-session", "--cap-drop", "ALL", "--hostname", "model", "--clearenv"]
    for name in _SYSTEM:
        path = Path(name)
        if path.is_symlink():
            line += ["--symlink", str(path.readlink()), name]
        elif path.is_dir():
            line += ["--ro-bind", name, name]
    for name in _SYSTEM_FILES:
        line += ["--ro-bind-try", name, name]
    line += ["--proc", "/proc", "--dev", "/dev", "--ro-bind", "/dev/null", "/dev/zero"]
    for name in ("/tmp", "/dev/shm"):  # noqa: S108 - its own, and memory that its limit misses
        line += ["--size", str(spec.tmp_mb * 1024 * 1024), "--tmpfs", name]
    line += ["--remount-ro", "/dev"]
    for path in read:
        line += ["--ro-bind-try", str(path), str(path)]
    for path in spec.write:
        line += ["--bind", str(path), str(path)]
    for name, value in _environment(spec, Tier.bwrap).items():
        line += ["--setenv", name, value]
    line += _hidden(spec.secrets)
    line += ["--chdir", str(spec.write[0] if spec.write else "/tmp")]  # noqa: S108
    return [*line, "--remount-ro", "/", "--seccomp", str(program), "--", *argv]


def _hidden(secrets: dict[str, str]) -> list[str]:
    """Hand variables to bubblewrap in a memory file: command lines are readable by everybody."""
    if not secrets:
        return []
    parts = [part for name, value in secrets.items() for part in ("--setenv", name, value)]
    options = os.memfd_create("environment", 0)
    os.write(options, b"".join(part.encode() + b"\0" for part in parts))
    os.lseek(options, 0, os.SEEK_SET)
    os.set_inheritable(options, True)
    return ["--args", str(options)]


def interpreter_dirs(command: Path) -> list[Path]:
    """Give the folders an interpreter needs: its environment, and the installation beneath it."""
    found: list[Path] = []
    configuration = command.parent.parent / "pyvenv.cfg"
    if configuration.is_file():
        found.append(command.parent.parent)
        for line in configuration.read_text(encoding="utf-8").splitlines():
            key, _, value = line.partition("=")
            if key.strip() == "home":
                found += [Path(value.strip()).parent, Path(value.strip()).resolve().parent]
    found.append(command.resolve().parent.parent)
    below = ("/usr", "/bin", "/lib", "/sbin")
    return [p for p in dict.fromkeys(found) if str(p) != "/" and not str(p).startswith(below)]


def code_dirs() -> list[Path]:
    """Give the folders of the two packages a model server imports, and nothing beside them."""
    import modelyard_protocol

    return [CODE_DIR, Path(modelyard_protocol.__file__).resolve().parent]


def _environment(spec: Spec, tier: Tier) -> dict[str, str]:
    home = str(spec.write[0]) if spec.write else "/tmp"  # noqa: S108 - private to the sandbox
    return {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "HOME": home,
        "TMPDIR": home,
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "OMP_NUM_THREADS": "1",
        # Its own allocator would take a gigabyte of the room for data before the first row.
        "ARROW_DEFAULT_MEMORY_POOL": "system",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "MODELYARD_SANDBOX": tier.value,
        "PYTHONPATH": _python_path(spec, tier),
        **spec.environment,
    }


def _python_path(spec: Spec, tier: Tier) -> str:
    """Give an import path that holds our two packages and nothing that stands beside them.

    Beside them may stand the platform's own site-packages, which must not shadow the model's.
    """
    if tier is Tier.bwrap:  # nothing else is mounted there
        return os.pathsep.join(dict.fromkeys(str(path.parent) for path in code_dirs()))
    links = Path(tempfile.mkdtemp(prefix="code-", dir=spec.write[0] if spec.write else None))
    for path in code_dirs():
        (links / path.name).symlink_to(path)
    return str(links)


def _limit(spec: Spec, tier: Tier) -> None:
    # Data, not address space: numpy and torch reserve far more address space than they touch.
    limits = {
        resource.RLIMIT_DATA: spec.memory_mb * 1024 * 1024,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: spec.open_files,
    }
    if tier is not Tier.bwrap:
        limits[resource.RLIMIT_FSIZE] = spec.tmp_mb * 1024 * 1024
    if os.getuid() != 0:  # the kernel counts all threads of a user, and none of root's
        limits[resource.RLIMIT_NPROC] = _threads_of_user() + spec.threads
    for name, value in limits.items():
        _, hard = resource.getrlimit(name)
        ceiling = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(name, (ceiling, ceiling))
    with suppress(OSError):  # should memory run out, models go before anything else
        Path("/proc/self/oom_score_adj").write_text("1000")
    sys.stdout.flush()


def _threads_of_user() -> int:
    count = 0
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and entry.stat().st_uid == os.getuid():
                count += sum(1 for _ in (entry / "task").iterdir())
        except OSError:
            continue  # it ended meanwhile
    return count
