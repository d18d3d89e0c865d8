"""System calls without a wrapper in the standard library: prctl, seccomp and Landlock."""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import struct
from pathlib import Path

_libc = ctypes.CDLL(None, use_errno=True)

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP = 1, 38, 22
_PR_CAPBSET_DROP = 24
_CAPABILITY_VERSION = 0x20080522
_SECCOMP_MODE_FILTER = 2
_CREATE, _ADD_RULE, _RESTRICT = 444, 445, 446  # the same on every machine
_RULE_PATH_BENEATH = 1
_READ = (1 << 0) | (1 << 2) | (1 << 3)  # execute, read file, read directory
_READ_FILE = (1 << 0) | (1 << 2)
_WRITE_FILE = 1 << 1
_TRUNCATE = 1 << 14
_FS_RIGHTS_BY_ABI = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}  # number of lowest rights known


def die_with_parent(signal: int = 9) -> None:
    """Have the kernel kill this process when its parent dies."""
    _prctl(_PR_SET_PDEATHSIG, signal)


def no_new_privileges() -> None:
    """Give up set-uid programs, for this process and all after it."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def drop_capabilities() -> None:
    """Give up what root may do, for this process and all after it: it could raise its limits."""
    try:
        for number in range(64):
            _prctl(_PR_CAPBSET_DROP, number)
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.EPERM}:  # the last one; there are none to drop
            raise
    header = struct.pack("=Ii", _CAPABILITY_VERSION, 0)
    _checked(_libc.capset(header, bytes(24)))


def install_filter(program: bytes) -> None:
    """Put a seccomp filter on this process."""
    code = ctypes.create_string_buffer(program, len(program))
    fields = struct.pack("@HxxxxxxP", len(program) // 8, ctypes.addressof(code))
    header = ctypes.create_string_buffer(fields, len(fields))
    _prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.addressof(header))


def landlock_version() -> int:
    """Give the Landlock ABI of this kernel; 0 when it has none."""
    return max(0, int(_libc.syscall(_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(1))))


def restrict_files(read: list[Path], write: list[Path]) -> None:
    """Forbid every file access except reading below `read` and anything below `write`.

    Raises:
        OSError: the kernel has no Landlock.
    """
    version = landlock_version()
    rights = (1 << _FS_RIGHTS_BY_ABI.get(version, 16)) - 1
    attributes = struct.pack("=Q", rights)
    if version >= 4:
        attributes += struct.pack("=Q", 0b11)  # bind and connect TCP
    if version >= 6:
        attributes += struct.pack("=Q", 0b11)  # abstract sockets and signals stay inside
    ruleset = _checked(
        _libc.syscall(_CREATE, attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint32(0))
    )
    try:
        for path in read:
            _allow(ruleset, path, _READ)
        for path in write:
            _allow(ruleset, path, rights)
        no_new_privileges()
        _checked(_libc.syscall(_RESTRICT, ruleset, ctypes.c_uint32(0)))
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: Path, rights: int) -> None:
    try:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(handle).st_mode):
            rights &= _READ_FILE | _WRITE_FILE | _TRUNCATE
        rule = struct.pack("=Qi", rights, handle)
        zero = ctypes.c_uint32(0)
        _checked(_libc.syscall(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, rule, zero))
    finally:
        os.close(handle)


def _prctl(option: int, first: int, second: int = 0) -> None:
    words = [ctypes.c_ulong(word) for word in (first, second, 0, 0)]
    _checked(_libc.prctl(option, *words))


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
