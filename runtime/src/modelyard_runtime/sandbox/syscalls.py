"""The seccomp filter, assembled by hand: allow by default, refuse what escapes a sandbox."""

from __future__ import annotations

import errno
import platform
import struct

_LD_W_ABS, _JEQ, _JGE, _JSET, _RET = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_NR, _ARCH, _ARG0, _ARG1, _ARG3 = 0, 4, 16, 24, 40
_X32_BIT = 0x40000000
_CLONE_THREAD = 0x00010000
_AF_UNIX = 1
_MAP_SHARED, _MAP_ANONYMOUS = 0x1, 0x20
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C

_X86_64 = {
    "ptrace": 101, "process_vm_readv": 310, "process_vm_writev": 311, "bpf": 321,
    "perf_event_open": 298, "add_key": 248, "request_key": 249, "keyctl": 250, "userfaultfd": 323,
    "mount": 165, "umount2": 166, "pivot_root": 155, "chroot": 161, "setns": 308, "unshare": 272,
    "move_mount": 429, "open_tree": 428, "fsopen": 430, "fsconfig": 431, "fsmount": 432,
    "fspick": 433, "mount_setattr": 442, "io_uring_setup": 425, "io_uring_enter": 426,
    "io_uring_register": 427, "open_by_handle_at": 304, "name_to_handle_at": 303,
    "kexec_load": 246, "kexec_file_load": 320, "init_module": 175, "finit_module": 313,
    "delete_module": 176, "reboot": 169, "swapon": 167, "swapoff": 168, "acct": 163,
    "iopl": 172, "ioperm": 173, "personality": 135, "quotactl": 179, "pidfd_getfd": 438,
    "connect": 42, "kcmp": 312, "settimeofday": 164, "clock_settime": 227, "syslog": 103,
    "memfd_create": 319, "memfd_secret": 447, "shmget": 29,
}  # fmt: skip
_X86_64_FORKS = {"fork": 57, "vfork": 58}
_X86_64_SIGNALS = {"kill": 62, "tkill": 200, "rt_sigqueueinfo": 129, "pidfd_send_signal": 424}
_AARCH64 = {
    "ptrace": 117, "process_vm_readv": 270, "process_vm_writev": 271, "bpf": 280,
    "perf_event_open": 241, "add_key": 217, "request_key": 218, "keyctl": 219, "userfaultfd": 282,
    "mount": 40, "umount2": 39, "pivot_root": 41, "chroot": 51, "setns": 268, "unshare": 97,
    "move_mount": 429, "open_tree": 428, "fsopen": 430, "fsconfig": 431, "fsmount": 432,
    "fspick": 433, "mount_setattr": 442, "io_uring_setup": 425, "io_uring_enter": 426,
    "io_uring_register": 427, "open_by_handle_at": 265, "name_to_handle_at": 264,
    "kexec_load": 104, "kexec_file_load": 294, "init_module": 105, "finit_module": 273,
    "delete_module": 106, "reboot": 142, "swapon": 224, "swapoff": 225, "acct": 89,
    "personality": 92, "quotactl": 60, "pidfd_getfd": 438, "connect": 203, "kcmp": 272,
    "settimeofday": 170, "clock_settime": 112, "syslog": 116,
    "memfd_create": 279, "memfd_secret": 447, "shmget": 194,
}  # fmt: skip
_AARCH64_SIGNALS = {"kill": 129, "tkill": 130, "rt_sigqueueinfo": 138, "pidfd_send_signal": 424}


class UnknownMachine(RuntimeError):
    """There is no filter for this processor."""


def build(*, own_pid: int | None) -> bytes:
    """Give the filter as `struct sock_filter[]`.

    With `own_pid`, signals to other processes are refused too: needed where there is no own
    process namespace. Threads may start, processes may not. Memory that processes could share is
    refused: the limit of a process's data does not count it.

    Raises:
        UnknownMachine: only x86_64 and aarch64 are known.
    """
    machine = platform.machine()
    if machine == "x86_64":
        arch, denied, signals = 0xC000003E, {**_X86_64, **_X86_64_FORKS}, _X86_64_SIGNALS
        clone, clone3, socket, ioctl, tgkill, mmap = 56, 435, 41, 16, 234, 9
    elif machine == "aarch64":
        arch, denied, signals = 0xC00000B7, dict(_AARCH64), _AARCH64_SIGNALS
        clone, clone3, socket, ioctl, tgkill, mmap = 220, 435, 198, 29, 131, 222
    else:
        raise UnknownMachine(f"There is no system call filter for {machine}.")
    program = [
        _op(_LD_W_ABS, _ARCH),
        _op(_JEQ, arch, 1, 0),
        _op(_RET, _KILL),
        _op(_LD_W_ABS, _NR),
        _op(_JGE, _X32_BIT, 0, 1),
        _op(_RET, _ERRNO | errno.ENOSYS),
    ]
    if own_pid is not None:
        denied |= signals
        program += _when(tgkill, _ARG0, [_op(_JEQ, own_pid, 1, 0)], errno.EPERM)
    for number in sorted(denied.values()):
        program += [_op(_JEQ, number, 0, 1), _op(_RET, _ERRNO | errno.EPERM)]
    program += [_op(_JEQ, clone3, 0, 1), _op(_RET, _ERRNO | errno.ENOSYS)]
    program += _when(clone, _ARG0, [_op(_JSET, _CLONE_THREAD, 1, 0)], errno.EPERM)
    program += _when(socket, _ARG0, [_op(_JEQ, _AF_UNIX, 1, 0)], errno.EACCES)
    shared = [_op(_JSET, _MAP_ANONYMOUS, 0, 2), _op(_JSET, _MAP_SHARED, 0, 1)]
    program += _when(mmap, _ARG3, shared, errno.ENOMEM)
    tests = [_op(_JEQ, _TIOCSTI, 1, 0), _op(_JEQ, _TIOCLINUX, 0, 1)]
    program += [
        _op(_JEQ, ioctl, 0, 5),
        _op(_LD_W_ABS, _ARG1),
        *tests,
        _op(_RET, _ERRNO | errno.EPERM),
        _op(_RET, _ALLOW),
    ]
    program.append(_op(_RET, _ALLOW))
    return b"".join(program)


def _when(number: int, argument: int, passes: list[bytes], refusal: int) -> list[bytes]:
    """Refuse the call `number` unless its argument passes."""
    body = [
        _op(_LD_W_ABS, argument),
        *passes,
        _op(_RET, _ERRNO | refusal),
        _op(_RET, _ALLOW),
    ]
    return [_op(_JEQ, number, 0, len(body)), *body]


def _op(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)
