"""How a process ended, in words its owner can use."""

from __future__ import annotations

import signal

SANDBOX_FAILED = 126


def death(code: int, memory_mb: int) -> str:
    """Say why a process that gave no reason itself has ended."""
    number = -code if code < 0 else code - 128
    if number > 0 and number in set(signal.Signals):
        name = signal.Signals(number).name
        hint = f"; it may have used more than {memory_mb} MB" if name == "SIGKILL" else ""
        return f"The model's process was ended by {name}{hint}."
    if code == SANDBOX_FAILED:
        return "The sandbox could not be built, so the model was not run; its log says why."
    return f"The model's process left with exit code {code} and no report."
