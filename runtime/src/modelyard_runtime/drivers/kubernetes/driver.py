"""Model servers as pods of one Kubernetes cluster.

Every version is a Deployment; every process that the node wants of it is one of the Deployment's
pods. Where the version scales, the cluster's own scaler decides how many pods there are and the
node follows. Pods outlive a node that is killed, and are found again by their labels.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import os
import socket
from collections.abc import Collection, Coroutine
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from modelyard_protocol.routing import ServerSpec
from modelyard_runtime.drivers.contract import CannotStart, Home
from modelyard_runtime.state import code_version
from modelyard_runtime.wire import base_of

from . import manifests
from .api import Cluster, ClusterGone, ClusterRefused
from .config import NotUsable, access
from .run import KubernetesRun, quiet
from .seeing import Pod, pod_of, refusal_of
from .version import Version

POLL_SECONDS = 0.5
_LATER_SECONDS = 10.0
_FILLS = 2  # at a time
_WALLS = "/apis/networking.k8s.io/v1/networkpolicies"
_DEPLOYMENTS = "/apis/apps/v1/deployments"
_KEY_BYTES = 32


class KubernetesDriver:
    """Keeps the versions of one node in one cluster."""

    def __init__(
        self, folder: Path, where: str, prefix: str, callers: tuple[str, ...], workers: int
    ) -> None:
        self.workers = workers
        self.cluster = Cluster(where)
        self._where, self._prefix, self._callers = where, prefix, callers
        self._key = _key(folder / "kubernetes.key")
        self._node = hashlib.sha256(self._key).hexdigest()[:16]
        self._versions: dict[str, Version] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._removals: dict[str, asyncio.Task[None]] = {}
        self._watch: asyncio.Task[None] | None = None
        self._fills = asyncio.Semaphore(_FILLS)

    async def begin(self, spec: ServerSpec, home: Home) -> KubernetesRun:
        """Begin a run; the cluster is asked beside the node's loop."""
        server_id = base_of(spec.id)
        if server_id not in self._versions:
            try:
                place = await asyncio.to_thread(self._place)
            except NotUsable as refusal:
                raise CannotStart(str(refusal)) from refusal
            secret = hmac.new(self._key, server_id.encode(), hashlib.sha256).digest()
            made = Version(self.cluster, place, spec, secret)
            made.after = self._removals.pop(server_id, None)
            self._versions[server_id] = made
        version = self._versions[server_id]
        version.is_wanted = True
        if self._watch is None or self._watch.done():
            self._watch = asyncio.get_running_loop().create_task(self._watching())
        return KubernetesRun(self, version, spec, home)

    def follow(self, specs: Collection[ServerSpec]) -> None:
        """Know how wanted versions scale, and which are not wanted any more."""
        wanted = {base_of(spec.id): spec for spec in specs}
        for server_id, version in list(self._versions.items()):
            spec = wanted.get(server_id)
            version.is_wanted = spec is not None
            if spec is None:
                self._remove_unused(version)
            elif version.users and not version.is_as(spec):
                version.spec = spec
                self.later(version.ensure())

    def replicas(self, server_id: str) -> int | None:
        """Give how many pods the cluster's scaler has made."""
        version = self._versions.get(server_id)
        if version is None or not manifests.has_scaler(version.spec):
            return None
        return max(1, version.count)

    async def clean_up(self, wanted: Collection[str]) -> None:
        """Remove what earlier nodes have left in the cluster."""
        self.later(self._clean_up({base_of(one) for one in wanted}))

    async def close(self) -> None:
        """Wait for what is being removed, then let go of the cluster."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_LATER_SECONDS)
        if self._watch is not None:
            self._watch.cancel()
        await self.cluster.close()

    def later(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Do something nobody waits for; what fails is tried again by the next clean-up."""
        task = asyncio.get_running_loop().create_task(quiet(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def left(self, version: Version, *, is_leaving: bool) -> None:
        """Hear that a run of a version has ended."""
        if is_leaving and not version.users:
            version.is_wanted = False
        self._remove_unused(version)

    def _remove_unused(self, version: Version) -> None:
        if not version.users and not version.is_wanted:
            server_id = base_of(version.spec.id)
            if self._versions.get(server_id) is version:
                del self._versions[server_id]
                self._removals[server_id] = self.later(version.remove())

    def _place(self) -> manifests.Place:
        callers = self._callers or (_own_network(access(self._where).url),)
        return manifests.Place(self._node, self._prefix, callers, code_version())

    async def _watching(self) -> None:
        """Look at pods and Deployments as long as there are any."""
        while self._versions:
            try:
                await self._look()
            except ClusterGone:
                pass  # what runs there does so without us too
            except ClusterRefused as refusal:
                for version in self._versions.values():
                    version.see(list(version.pods.values()), str(refusal))
            await asyncio.sleep(POLL_SECONDS)

    async def _look(self) -> None:
        labels = {manifests.NODE: self._node}
        pods = await self.cluster.list("/api/v1/pods", labels)
        deployments = await self.cluster.list(_DEPLOYMENTS, labels)
        by_server: dict[str, list[Pod]] = {}
        for told in pods:
            server_id = told["metadata"]["labels"].get(manifests.SERVER, "")
            by_server.setdefault(server_id, []).append(pod_of(told))
        refusals = {
            one["metadata"]["labels"].get(manifests.SERVER, ""): refusal_of(one)
            for one in deployments
        }
        for server_id, version in self._versions.items():
            version.see(by_server.get(server_id, []), refusals.get(server_id))
            waiting = any(pod.wants_files for pod in version.pods.values())
            if waiting and not version.is_filling:
                version.is_filling = True
                self.later(self._fill(version))

    async def _fill(self, version: Version) -> None:
        async with self._fills:
            await version.fill()

    async def _clean_up(self, wanted: set[str]) -> None:
        """Remove by walls: they are asked for first and removed last."""
        for told in await self.cluster.list(_WALLS, {manifests.NODE: self._node}):
            metadata = told["metadata"]
            server_id = metadata["labels"].get(manifests.SERVER, "")
            if server_id not in wanted and server_id not in self._versions:
                label = metadata.get("annotations", {}).get(manifests.LABEL, "")
                spec = _former(server_id, label)
                version = Version(self.cluster, self._place(), spec, b"")
                version.namespace = metadata["namespace"]
                await version.remove()


def _former(server_id: str, label: str) -> ServerSpec:
    """Describe a version of which only its name is known."""
    return ServerSpec(
        id=server_id, label=label, engine="", model_dir="", python="", environment_dir=""
    )


def _key(path: Path) -> bytes:
    """Give the key that versions' secrets are made of; it stays with the node's folder."""
    with contextlib.suppress(FileNotFoundError):
        return path.read_bytes()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        key = os.urandom(_KEY_BYTES)
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    return key


def _own_network(url: str) -> str:
    """Give the address from which this machine calls the cluster, as a network of one."""
    parts = urlsplit(url)
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_DGRAM)
        family, kind, protocol, _, address = found[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.connect(address)
            own = str(probe.getsockname()[0])
    except OSError as error:
        raise NotUsable(f"The address of the Kubernetes API cannot be found: {error}") from error
    return f"{own}/128" if ":" in own else f"{own}/32"
