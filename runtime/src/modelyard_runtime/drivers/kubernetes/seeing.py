"""What a pod's and a Deployment's state means, in words for their owner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from modelyard_runtime.deaths import death

from .manifests import CONTAINER, FETCH

_HOPELESS = {
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
}


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod as the cluster tells it."""

    name: str
    namespace: str
    uid: str
    created: str
    address: str
    wants_files: bool
    is_running: bool
    is_leaving: bool
    restarts: int
    trouble: str | None
    """Why it will not run as it is."""
    waits: str | None
    """What it waits for."""
    ended: Mapping[str, Any]
    """How its model container has ended last: `exitCode`, `reason`, `message`."""

    def has_ended(self, restarts: int) -> bool:
        """Tell whether the container that was started after so many restarts has ended.

        A restart is counted when the next container starts, or as soon as the last one has ended.
        """
        return bool(self.ended) and (self.restarts > restarts or not self.is_running)


def pod_of(told: Mapping[str, Any]) -> Pod:
    """Read a pod."""
    metadata, status = told["metadata"], told.get("status", {})
    files = _state(status, "initContainerStatuses", FETCH)
    model = _state(status, "containerStatuses", CONTAINER)
    trouble, waits = _trouble(files, model), _waits(status, files, model)
    ended = (model.get("state") or {}).get("terminated")
    return Pod(
        name=metadata["name"],
        namespace=metadata["namespace"],
        uid=metadata["uid"],
        created=metadata.get("creationTimestamp", ""),
        address=status.get("podIP", ""),
        wants_files="running" in (files.get("state") or {}),
        is_running="running" in (model.get("state") or {}),
        is_leaving="deletionTimestamp" in metadata or status.get("phase") == "Failed",
        restarts=int(model.get("restartCount", 0)),
        trouble=trouble,
        waits=waits,
        ended=ended or (model.get("lastState") or {}).get("terminated") or {},
    )


def end_of(pod: Pod | None, memory_mb: int) -> str:
    """Say why a pod's model server has ended."""
    if pod is None:
        return "Its pod was removed by somebody else."
    if pod.is_leaving:
        return "The cluster removes its pod."
    if pod.ended.get("reason") == "OOMKilled":
        return f"It used more than {memory_mb} MB of memory and was ended."
    if pod.ended.get("message"):
        return str(pod.ended["message"])
    if "exitCode" in pod.ended:
        return death(int(pod.ended["exitCode"]), memory_mb)
    return "Its pod cannot be reached any more."


def refusal_of(deployment: Mapping[str, Any]) -> str | None:
    """Say why the cluster makes no pods: a quota, Pod Security, or another admission."""
    for condition in deployment.get("status", {}).get("conditions", []):
        if condition["type"] == "ReplicaFailure" and condition["status"] == "True":
            said = str(condition.get("message", ""))
            if "exceeded quota" in said:
                return f"The namespace's quota does not allow its pod: {said}"
            if "PodSecurity" in said:
                return f"Pod Security refuses its pod: {said}"
            return f"The cluster makes no pod: {said}"
    return None


def _state(status: Mapping[str, Any], many: str, name: str) -> Mapping[str, Any]:
    own: Mapping[str, Any] = next(
        (one for one in status.get(many) or [] if one.get("name") == name), {}
    )
    return own


def _trouble(files: Mapping[str, Any], model: Mapping[str, Any]) -> str | None:
    for one in (files, model):
        waiting = (one.get("state") or {}).get("waiting") or {}
        if waiting.get("reason") in _HOPELESS:
            return f"Its container does not start ({waiting['reason']}): {waiting.get('message')}"
    ended = (files.get("lastState") or {}).get("terminated") or {}
    waiting = (files.get("state") or {}).get("waiting") or {}
    if waiting.get("reason") == "CrashLoopBackOff":
        code, said = ended.get("exitCode"), ended.get("message") or "its log says why"
        return f"The container that takes its files ended with code {code}: {said}"
    return None


def _waits(
    status: Mapping[str, Any], files: Mapping[str, Any], model: Mapping[str, Any]
) -> str | None:
    """Say how far a pod is whose model container does not run yet."""
    for condition in status.get("conditions") or []:
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            return f"the pod finds no machine: {condition.get('message')}"
    if "running" in (model.get("state") or {}):
        return None
    if ((model.get("state") or {}).get("waiting") or {}).get("reason") == "CrashLoopBackOff":
        return "the cluster waits before it starts the model server again"
    if "running" in (files.get("state") or {}):
        return "the pod takes its files"
    if "terminated" in (files.get("state") or {}):
        return "the pod starts its model server"
    return "the pod gets its machine and image"
