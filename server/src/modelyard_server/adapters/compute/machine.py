"""What this machine has to serve models with."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path

from modelyard_server.deployments.ports import Machine

_ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
_FRAMEBUFFER = re.compile(r"Video (?:RAM|Memory)[^:]*:\s*(\d+)\s*MB", re.IGNORECASE)


class ThisMachine:
    """`deployments.ports.Capacity` of the machine the control plane runs on."""

    def __init__(self, proc: Path = Path("/proc"), drivers: tuple[str, ...] = ("process",)) -> None:
        self._proc, self._drivers = proc, drivers

    def machine(self) -> Machine:
        """Read processors, memory and GPUs now."""
        memory = self._memory()
        gpus = self._gpus()
        found = platform.machine().lower()
        return Machine(
            arch=_ARCHITECTURES.get(found, found),
            cpus=len(os.sched_getaffinity(0)),
            memory_gb=memory.get("MemTotal", 0) / 2**20,
            free_memory_gb=memory.get("MemAvailable", 0) / 2**20,
            gpus=len(gpus),
            gpu_memory_gb=max(gpus, default=0) / 1024,
            drivers=self._drivers,
        )

    def _memory(self) -> dict[str, int]:
        """Units: KiB."""
        found = {}
        for line in (self._proc / "meminfo").read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            number = value.split()
            if number and number[0].isdigit():
                found[name] = int(number[0])
        return found

    def _gpus(self) -> list[int]:
        """Memory of every GPU the NVIDIA driver shows, MB."""
        found = []
        for path in sorted((self._proc / "driver/nvidia/gpus").glob("*/information")):
            match = _FRAMEBUFFER.search(path.read_text(encoding="utf-8", errors="replace"))
            found.append(int(match.group(1)) if match else 0)
        return found
