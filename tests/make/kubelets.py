"""A machine of a test cluster: it runs pods' containers as processes behind bubblewrap.

What is real: commands, environment, mounts, read-only root, probes, restarts, SIGTERM and grace.
What is not: images (this machine's own files stand for every image), users, network policies,
cgroups. Every pod has an address of its own in 127.0.0.0/8.
"""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil

from .clusters import Cluster

MACHINE = "machine"
LOOK_SECONDS = 0.1
_addresses = itertools.count(10)


def _now() -> str:
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class FakeKubelet(threading.Thread):
    """Binds every pod to itself and runs it."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        super().__init__(name="kubelet", daemon=True)
        self.cluster, self.folder = cluster, folder
        self.pods: dict[str, RunningPod] = {}
        self.refused_images: set[str] = set()
        self.http = cluster.http()
        self._stop_asked = threading.Event()

    def run(self) -> None:
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": MACHINE}}
        self.http.post("/api/v1/nodes", json=node)
        while not self._stop_asked.wait(LOOK_SECONDS):
            with contextlib.suppress(httpx.HTTPError, KeyError):
                self._look()

    def _look(self) -> None:
        items = self.http.get("/api/v1/pods").json()["items"]
        told = {one["metadata"]["uid"]: one for one in items}
        for uid, pod in told.items():
            if not pod["spec"].get("nodeName"):
                self._bind(pod)
            elif uid not in self.pods:
                self.pods[uid] = RunningPod(self, pod)
                self.pods[uid].start()
            elif "deletionTimestamp" in pod["metadata"]:
                grace = pod["metadata"].get("deletionGracePeriodSeconds", 30)
                self.pods[uid].leave(float(grace))
        for uid in [one for one in self.pods if one not in told]:
            self.pods.pop(uid).leave(0.0)

    def _bind(self, pod: dict[str, Any]) -> None:
        metadata = {key: pod["metadata"][key] for key in ("name", "namespace")}
        target = {"apiVersion": "v1", "kind": "Node", "name": MACHINE}
        body = {"apiVersion": "v1", "kind": "Binding", "metadata": metadata, "target": target}
        path = "/api/v1/namespaces/{namespace}/pods/{name}/binding".format(**metadata)
        self.http.post(path, json=body)

    def model_pid(self, server_id: str) -> int | None:
        """Give the process id of a version's model server."""
        for pod in self.pods.values():
            labels = pod.told["metadata"]["labels"]
            if labels.get("modelyard.dev/server") == server_id and not pod.is_leaving:
                found = pod.model_pid()
                if found is not None:
                    return found
        return None

    def stop(self) -> None:
        self._stop_asked.set()
        self.join()
        for pod in self.pods.values():
            pod.kill()
        for pod in self.pods.values():
            pod.join(60)
        self.http.close()


class RunningPod(threading.Thread):
    """One pod, from its files to its last process."""

    def __init__(self, kubelet: FakeKubelet, told: dict[str, Any]) -> None:
        super().__init__(name=told["metadata"]["name"], daemon=True)
        self.told, self.is_leaving = told, False
        self._kubelet = kubelet
        self._grace = 0.0
        self._ended = threading.Event()
        self._folder = kubelet.folder / told["metadata"]["uid"]
        number = next(_addresses)
        self.address = f"127.77.{number // 250}.{number % 250 + 1}"
        self._process: subprocess.Popen[bytes] | None = None
        self._child = 0
        self._statuses: dict[str, dict[str, Any]] = {}

    @property
    def _path(self) -> str:
        metadata = self.told["metadata"]
        return f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"

    def run(self) -> None:
        with contextlib.suppress(_Left, httpx.HTTPError):
            self._make_volumes()
            for container in self.told["spec"].get("initContainers", []):
                while self._once(container, "initContainerStatuses") != 0:
                    self._pause(1.0)
            (container,) = self.told["spec"]["containers"]
            for restarts in itertools.count(1):
                code = self._once(container, "containerStatuses", is_main=True)
                ended = {"terminated": self._ended_state(container, code)}
                again = {"waiting": {"reason": "CrashLoopBackOff"}}
                self._set("containerStatuses", container, again, lastState=ended, more=restarts)
                self._pause(min(0.2 * 2**restarts, 5.0))
        self._end()

    def leave(self, grace: float) -> None:
        """End it: asked first, then made to."""
        if not self.is_leaving:
            self.is_leaving, self._grace = True, grace

    def kill(self) -> None:
        """End it at once, also one that was asked before and still has its grace."""
        self.leave(0.0)
        if self._process is not None:
            self._process.kill()

    def model_pid(self) -> int | None:
        with contextlib.suppress(psutil.Error):
            for one in psutil.Process(self._child).children(recursive=True):
                if "modelyard_runtime.serve" in one.cmdline():
                    return one.pid
        return None

    def _once(self, container: dict[str, Any], many: str, *, is_main: bool = False) -> int:
        """Run a container until it has ended; give its exit code."""
        while container["image"] in self._kubelet.refused_images:
            said = f"image {container['image']} is not known"
            self._set(many, container, {"waiting": {"reason": "ErrImagePull", "message": said}})
            self._pause(0.5)
        self._launch(container)
        self._set(many, container, {"running": {"startedAt": _now()}})
        assert self._process is not None
        is_ready = False
        while self._process.poll() is None:
            if self.is_leaving:
                raise _Left
            if is_main and not is_ready and self._probe(container):
                is_ready = True
                self._set(many, container, {"running": {"startedAt": _now()}}, ready=True)
            time.sleep(LOOK_SECONDS)
        code = self._process.returncode
        if not is_main:
            ended = self._ended_state(container, code)
            self._set(many, container, {"terminated": ended}, ready=code == 0)
        return code

    def _last_words(self, container: dict[str, Any]) -> Path:
        return self._folder / f"{container['name']}.last"

    def _ended_state(self, container: dict[str, Any], code: int) -> dict[str, Any]:
        """Tell how a container has ended, with what it has left as its message."""
        said = self._last_words(container).read_bytes()[:4096].decode(errors="replace")
        ended = {"exitCode": code, "reason": "Error" if code else "Completed"}
        return ended | ({"message": said} if said else {})

    def _line(self, container: dict[str, Any], info: int) -> list[str]:
        line = ["bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]
        line += ["--tmpfs", "/opt", "--tmpfs", "/run", "--unshare-pid", "--as-pid-1"]
        line += ["--die-with-parent", "--clearenv", "--info-fd", str(info)]
        for mount in container["volumeMounts"]:
            how = "--ro-bind" if mount.get("readOnly") else "--bind"
            line += [how, str(self._folder / mount["name"]), mount["mountPath"]]
        line += ["--bind", str(self._last_words(container)), container["terminationMessagePath"]]
        environment = {"PATH": f"{sys.base_prefix}/bin:/usr/bin:/bin"}
        for one in container["env"]:
            if "value" in one:
                environment[one["name"]] = one["value"]
            elif one["valueFrom"]["fieldRef"]["fieldPath"] == "status.podIP":
                environment[one["name"]] = self.address
        for name, value in environment.items():
            line += ["--setenv", name, value]
        return [*line, "--chdir", container["workingDir"]]

    def _launch(self, container: dict[str, Any]) -> None:
        reader, writer = os.pipe()
        self._last_words(container).write_bytes(b"")  # of this container alone
        with (self._folder / f"{container['name']}.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._line(container, writer), "--", *container["command"]],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[writer],
                start_new_session=True,
            )
        os.close(writer)
        with os.fdopen(reader) as told:
            said = told.read()
        self._child = int(json.loads(said)["child-pid"]) if said else 0

    def _probe(self, container: dict[str, Any]) -> bool:
        """Run the readiness probe as the container would."""
        tmp = self._folder / "tmp"
        *_, name = container["readinessProbe"]["exec"]["command"]
        return (tmp / Path(name).relative_to("/tmp")).exists()

    def _make_volumes(self) -> None:
        for volume in self.told["spec"]["volumes"]:
            place = self._folder / volume["name"]
            place.mkdir(parents=True)
            if "secret" in volume:
                namespace = self.told["metadata"]["namespace"]
                name = volume["secret"]["secretName"]
                path = f"/api/v1/namespaces/{namespace}/secrets/{name}"
                while (answer := self._kubelet.http.get(path)).status_code == 404:
                    self._pause(0.2)
                for key, value in answer.json()["data"].items():
                    (place / key).write_bytes(base64.b64decode(value))

    def _set(
        self,
        many: str,
        container: dict[str, Any],
        state: dict[str, Any],
        *,
        ready: bool = False,
        lastState: dict[str, Any] | None = None,  # noqa: N803 - as the interface calls it
        more: int = 0,
    ) -> None:
        before = self._statuses.get(container["name"], {})
        self._statuses[container["name"]] = {
            "name": container["name"],
            "image": container["image"],
            "imageID": container["image"],
            "ready": ready,
            "restartCount": more or before.get("restartCount", 0),
            "state": state,
            "lastState": lastState or before.get("lastState", {}),
            "many": many,
        }
        main = self._statuses.get(self.told["spec"]["containers"][0]["name"], {})
        is_ready = bool(main.get("ready"))
        status: dict[str, Any] = {
            "phase": "Running" if main else "Pending",
            "podIP": self.address,
            "podIPs": [{"ip": self.address}],
            "startTime": _now(),
            "conditions": [
                {"type": kind, "status": str(is_ready), "lastTransitionTime": _now()}
                for kind in ("Ready", "ContainersReady")
            ],
        }
        for one in self._statuses.values():
            plain = {key: value for key, value in one.items() if key != "many"}
            status.setdefault(one["many"], []).append(plain)
        headers = {"Content-Type": "application/merge-patch+json"}
        body = json.dumps({"status": status})
        self._kubelet.http.patch(f"{self._path}/status", content=body, headers=headers)

    def _pause(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.is_leaving:
                raise _Left
            time.sleep(0.05)

    def _end(self) -> None:
        """Ask what runs to leave, then make it; tell the cluster that it is gone."""
        process = self._process
        if process is not None and process.poll() is None:
            if self._grace and self._child:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self._child, signal.SIGTERM)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(self._grace)
            process.kill()
            process.wait()
        with contextlib.suppress(httpx.HTTPError):
            self._kubelet.http.request("DELETE", self._path, json={"gracePeriodSeconds": 0})


class _Left(Exception):
    """The pod is to go."""


@contextlib.contextmanager
def a_kubelet(cluster: Cluster, folder: Path) -> Iterator[FakeKubelet]:
    """Run a cluster's pods for a while."""
    folder.mkdir(parents=True, exist_ok=True)
    kubelet = FakeKubelet(cluster, folder)
    kubelet.start()
    try:
        yield kubelet
    finally:
        kubelet.stop()
