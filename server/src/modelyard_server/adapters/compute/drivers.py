"""Where model servers can run in this installation, and on which image."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from modelyard_server.deployments.ports import DriverFacts
from modelyard_server.settings import Settings

from .images import DockerImages
from .keeper import import_path
from .walls import NONE, Host

LOOK_SECONDS = 30.0
_CHECK = (sys.executable, "-m", "modelyard_runtime.drivers.kubernetes.check")
_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


class InstalledDrivers:
    """`deployments.ports.Drivers`: processes always, the others where the settings name them."""

    def __init__(self, settings: Settings) -> None:
        self._images = DockerImages(settings)
        self._cluster = settings.cluster
        self._pod_image = settings.kubernetes_image or f"python:{_PYTHON}-slim"
        self._host, self._may_go_without = Host(), settings.allow_unsandboxed_code
        self.standard = settings.driver
        self.names = _names(settings)

    def facts(self) -> list[DriverFacts]:
        """Tell where model servers can run, and what stands in the way."""
        return [
            self._processes(),
            DriverFacts("docker", self._images.obstacle()),
            DriverFacts("kubernetes", self._cluster_obstacle()),
        ]

    def image(
        self, driver: str, environment_dir: Path, lock_hash: str, on_line: Callable[[str], None]
    ) -> str:
        """Give the image that a version starts on.

        A container's has its environment; a pod gets the same packages from the node instead.
        """
        if driver == "docker":
            return self._images.image(environment_dir, lock_hash, on_line)
        on_line(f"Pods start on {self._pod_image} and are sent the environment.")
        return self._pod_image

    def _processes(self) -> DriverFacts:
        walls = self._host.walls()
        obstacle = None
        if walls.name == NONE and not self._may_go_without:
            obstacle = (
                f"Model code would run without walls ({walls.why}). An administrator installs "
                "bubblewrap, or sets MODELYARD_ALLOW_UNSANDBOXED_CODE for a trusted team."
            )
        return DriverFacts("process", obstacle, walls.name, walls.missing)

    def _cluster_obstacle(self) -> str | None:
        """Have the runtime look: it knows how clusters are called."""
        if not self._cluster:
            return "No Kubernetes cluster is set; see MODELYARD_KUBERNETES."
        environment = {**os.environ, "PYTHONPATH": import_path()}
        try:
            done = subprocess.run(
                [*_CHECK, self._cluster],
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=LOOK_SECONDS,
                check=True,
            )
            said = json.loads(done.stdout)["obstacle"]
        except (OSError, subprocess.SubprocessError, ValueError, KeyError) as error:
            return f"The Kubernetes cluster could not be looked at: {error}."
        return None if said is None else str(said)


def _names(settings: Settings) -> tuple[str, ...]:
    """Name the drivers that are set, the standard one first."""
    named = {"docker": settings.docker_socket, "kubernetes": settings.cluster}
    found = ["process", *(name for name, setting in named.items() if setting)]
    return tuple(sorted(found, key=lambda name: name != settings.driver))
