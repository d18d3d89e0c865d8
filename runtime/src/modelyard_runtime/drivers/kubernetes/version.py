"""One version in the cluster: its objects, its pods, and which process of ours each pod is."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol

from modelyard_protocol.routing import ServerSpec
from modelyard_runtime.wire import base_of

from . import manifests
from .api import Cluster, ClusterGone, ClusterRefused
from .calling import NotFilled, fill
from .seeing import Pod

LOOK_SECONDS = 0.5
LEAVE_SECONDS = 60.0  # a pod that was told to leave is made to within 40
AGAIN_SECONDS = 10.0  # before files are sent to a pod that did not take them


class User(Protocol):
    """A run that is to have a pod."""

    @property
    def is_leaving(self) -> bool:
        """It needs its pod only to answer its last calls."""
        ...

    def say(self, text: str) -> None:
        """Write a line into its log."""
        ...


class Version:
    """Asks for the objects of one version and deals its pods out."""

    def __init__(
        self, cluster: Cluster, place: manifests.Place, spec: ServerSpec, secret: bytes
    ) -> None:
        self.spec, self.secret = spec, secret
        self.namespace = manifests.namespace_of(place.prefix, spec)
        self.name = manifests.name_of(place.node, spec)
        self.pods: dict[str, Pod] = {}
        self.refusal: str | None = None
        """Why the cluster makes no pods."""
        self.users: set[User] = set()
        """Runs that are to have a pod each."""
        self.is_wanted = True
        self.after: asyncio.Task[None] | None = None
        """The removal of what had the same name before."""
        self._cluster, self._place = cluster, place
        self._applied: ServerSpec | None = None
        self._lock = asyncio.Lock()
        self._claimed: dict[str, User] = {}
        self._former: set[str] = set()
        self.is_filling = False
        self._filled_at: dict[str, float] = {}
        self._not_filled: dict[str, str] = {}
        self.changed = asyncio.Event()

    def is_as(self, spec: ServerSpec) -> bool:
        """Tell whether the cluster was asked for what is wanted now."""
        return self._applied is None or _same(self._applied, spec)

    @property
    def count(self) -> int:
        """Pods that answer or are about to."""
        return sum(1 for pod in self.pods.values() if pod.is_running and not pod.is_leaving)

    async def ensure(self) -> None:
        """Ask for the objects, unless that was done.

        Raises:
            ClusterGone: there is nobody to ask.
            ClusterRefused: the cluster does not want them.
        """
        if self.after is not None:
            await asyncio.wait([self.after])
        async with self._lock:
            spec = self.spec
            if self._applied is not None and _same(self._applied, spec):
                return
            await self._ensure_namespace(spec)
            scaled = manifests.has_scaler(spec)
            autoscaling = await self._cluster.version_of("autoscaling") if scaled else ""
            policy = await self._cluster.version_of("policy") if scaled else ""
            for one in manifests.objects(self._place, spec, self.secret, autoscaling, policy):
                await self._cluster.apply(one)
            if self._applied is not None and manifests.has_scaler(self._applied) and not scaled:
                await self._remove_scaler()
            self._applied = spec

    async def stop(self) -> None:
        """Have the pods leave, unless somebody wants one again; what they need meanwhile stays."""
        async with self._lock:
            if not all(user.is_leaving for user in self.users):
                return
            self._applied = None
            self._former |= {pod.uid for pod in self.pods.values()}
            await self._remove_scaler()
            await self._cluster.remove("Deployment", self.namespace, self.name, "apps/v1")

    async def remove(self) -> None:
        """Remove everything, the walls after the last pod."""
        await self.stop()
        async with self._lock:
            await self._await_end()
            for kind, api in (
                ("Service", "v1"),
                ("Secret", "v1"),
                ("NetworkPolicy", "networking.k8s.io/v1"),
            ):
                await self._cluster.remove(kind, self.namespace, self.name, api)

    async def end_pod(self, pod: Pod) -> None:
        """End one pod at once; the Deployment makes another one."""
        path = f"/api/v1/namespaces/{pod.namespace}/pods/{pod.name}"
        body = {"gracePeriodSeconds": 0, "preconditions": {"uid": pod.uid}}
        try:
            await self._cluster.call("DELETE", path, json=body)
        except ClusterRefused as refusal:
            if refusal.status not in {404, 409}:
                raise

    def see(self, pods: list[Pod], refusal: str | None) -> None:
        """Take in what the cluster tells."""
        self.pods = {pod.uid: pod for pod in pods if pod.uid not in self._former}
        self.refusal = refusal
        for uid in [one for one in self._claimed if one not in self.pods]:
            del self._claimed[uid]
        self.wake()

    def wake(self) -> None:
        """Have everybody who waits look again."""
        self.changed.set()
        self.changed = asyncio.Event()

    def claim(self, user: User) -> Pod | None:
        """Give a pod that runs and that nobody has; the newest first."""
        free = [
            pod
            for pod in self.pods.values()
            if pod.is_running and not pod.is_leaving and pod.uid not in self._claimed
        ]
        if not free:
            return None
        pod = max(free, key=lambda one: (one.created, one.name))
        self._claimed[pod.uid] = user
        return pod

    def release(self, user: User) -> None:
        """Let go of a pod."""
        for uid in [uid for uid, owner in self._claimed.items() if owner is user]:
            del self._claimed[uid]

    def trouble(self) -> str | None:
        """Say why no pod will come up as things are."""
        if self.refusal is not None:
            return self.refusal
        own = [pod for pod in self.pods.values() if not pod.is_leaving]
        if any(pod.is_running or pod.wants_files for pod in own if not self._failed(pod)):
            return None
        said = [pod.trouble or self._not_filled.get(pod.uid) for pod in own]
        return next((one for one in said if one), None)

    def waits(self) -> str | None:
        """Say what pods wait for."""
        own = [pod for pod in self.pods.values() if not pod.is_leaving]
        return next((pod.waits for pod in own if pod.waits), None)

    def say(self, text: str) -> None:
        """Write a line into the log of the version's model server."""
        for user in self.users:
            user.say(text)
            return

    async def fill(self) -> None:
        """Send the files to the pods that wait for them."""
        self.is_filling = True
        try:
            await self._fill()
        finally:
            self.is_filling = False

    async def _fill(self) -> None:
        for pod in list(self.pods.values()):
            now = time.monotonic()
            if not pod.wants_files or pod.is_leaving or not pod.address:
                continue
            if now - self._filled_at.get(pod.uid, -AGAIN_SECONDS) < AGAIN_SECONDS:
                continue
            self._filled_at[pod.uid] = now + 3600  # not twice at a time
            try:
                size = await asyncio.to_thread(fill, pod.address, self.secret, self.spec)
            except NotFilled as error:
                self._not_filled[pod.uid] = str(error)
                self._filled_at[pod.uid] = time.monotonic()
                self.say(str(error))
            else:
                self._not_filled.pop(pod.uid, None)
                took = time.monotonic() - now
                self.say(f"pod {pod.name} has taken {size / 2**20:.1f} MB of files in {took:.1f} s")
            self.wake()

    def _failed(self, pod: Pod) -> bool:
        return pod.uid in self._not_filled and not pod.is_running

    async def _ensure_namespace(self, spec: ServerSpec) -> None:
        try:
            await self._cluster.apply(manifests.namespace(self._place, spec))
        except ClusterRefused as refusal:
            if refusal.status != 403:
                raise
            await self._require_namespace(refusal)

    async def _require_namespace(self, refusal: ClusterRefused) -> None:
        """Be content with a namespace that an administrator has made."""
        try:
            await self._cluster.call("GET", f"/api/v1/namespaces/{self.namespace}")
        except ClusterRefused as unknown:
            raise ClusterRefused(
                f"There is no namespace {self.namespace}, and Modelyard may not make it: {refusal}",
                unknown.status,
            ) from unknown

    async def _await_end(self) -> None:
        labels = {manifests.NODE: self._place.node, manifests.SERVER: base_of(self.spec.id)}
        end = time.monotonic() + LEAVE_SECONDS
        while time.monotonic() < end and await self._cluster.list("/api/v1/pods", labels):
            await asyncio.sleep(LOOK_SECONDS)

    async def _remove_scaler(self) -> None:
        for kind, group in (
            ("HorizontalPodAutoscaler", "autoscaling"),
            ("PodDisruptionBudget", "policy"),
        ):
            try:
                api = f"{group}/{await self._cluster.version_of(group)}"
            except (ClusterGone, ClusterRefused):
                continue
            await self._cluster.remove(kind, self.namespace, self.name, api)


def _same(one: ServerSpec, other: ServerSpec) -> bool:
    return (one.scaling, one.image, one.limits) == (other.scaling, other.image, other.limits)
