"""A Kubernetes control plane of the tests' own: etcd, API server and controllers, no machines.

The programs are built by `scripts/kubernetes-test-server`. Pods are run by `kubelets.FakeKubelet`.
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml

ROOT = Path(__file__).parents[2]
BIN = ROOT / ".make" / "kubernetes" / "bin"
ACCESS = ROOT / "deploy" / "kubernetes" / "access.yaml"
START_SECONDS = 120
OWN = {"labelSelector": "app.kubernetes.io/managed-by=modelyard"}
OBJECTS = {
    "Deployment": "/apis/apps/v1/deployments",
    "Service": "/api/v1/services",
    "Secret": "/api/v1/secrets",
    "NetworkPolicy": "/apis/networking.k8s.io/v1/networkpolicies",
    "HorizontalPodAutoscaler": "/apis/autoscaling/v2beta2/horizontalpodautoscalers",
    "PodDisruptionBudget": "/apis/policy/v1beta1/poddisruptionbudgets",
}


@dataclass
class Cluster:
    """A running control plane."""

    folder: Path
    port: int
    token: str
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @property
    def authority(self) -> Path:
        return self.folder / "certificates" / "apiserver.crt"

    def http(self, token: str = "") -> httpx.Client:
        import ssl

        return httpx.Client(
            base_url=self.url,
            verify=ssl.create_default_context(cafile=self.authority),
            headers={"Authorization": f"Bearer {token or self.token}"},
            timeout=60,
            trust_env=False,
        )

    def kubeconfig(self, token: str = "", name: str = "admin") -> Path:
        """Write who somebody is; without a token: the administrator."""
        cluster = {"server": self.url, "certificate-authority": str(self.authority)}
        told = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "it",
            "clusters": [{"name": "it", "cluster": cluster}],
            "users": [{"name": "it", "user": {"token": token or self.token}}],
            "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
        }
        path = self.folder / f"{name}.kubeconfig"
        path.write_text(yaml.safe_dump(told))
        return path

    def clear(self) -> None:
        """Remove what killed nodes have left."""
        with self.http() as http:
            for path in OBJECTS.values():
                root, _, many = path.rpartition("/")
                for one in self.items(path, **OWN):
                    where = "/namespaces/{namespace}/{many}/{name}".format(
                        many=many, **one["metadata"]
                    )
                    body = {"propagationPolicy": "Background"}
                    http.request("DELETE", root + where, json=body)

    def kinds(self) -> set[str]:
        """Name the kinds of objects that are there of any version."""
        return {kind for kind, path in OBJECTS.items() if self.items(path, **OWN)}

    def allow(self, user: str) -> str:
        """Give a user what the guide says that Modelyard needs, and their token."""
        told = list(yaml.safe_load_all(ACCESS.read_text()))
        told[-1]["subjects"] = [
            {"kind": "User", "name": user, "apiGroup": "rbac.authorization.k8s.io"}
        ]
        headers = {"Content-Type": "application/apply-patch+yaml"}
        with self.http() as http:
            for one in told[-2:]:
                path = f"/apis/rbac.authorization.k8s.io/v1/{one['kind'].lower()}s/modelyard"
                query = {"fieldManager": "tests", "force": "true"}
                answer = http.patch(path, params=query, json=one, headers=headers)
                assert answer.is_success, answer.text
        return f"{user}-{self.token}"

    def items(self, path: str, **query: str) -> list[dict[str, Any]]:
        """List objects of all namespaces."""
        with self.http() as http:
            found: list[dict[str, Any]] = http.get(path, params=query).json()["items"]
        return found


def why_no_cluster() -> str | None:
    """Say what is missing for a control plane here; `None`: nothing."""
    for name in ("kube-apiserver", "kube-controller-manager"):
        if not (BIN / name).is_file():
            return f"{name} is not built (make test-kubernetes builds it)"
    for name in ("etcd", "bwrap", "openssl"):
        if shutil.which(name) is None:
            return f"{name} is not installed (scripts/system-deps kubernetes)"
    return None


@contextlib.contextmanager
def a_cluster(folder: Path) -> Iterator[Cluster]:
    """Start a control plane, end it afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    etcd, peer, port = _free_ports(3)
    cluster = Cluster(folder, port, secrets.token_hex(16))
    limited = f"limited-{cluster.token},limited,limited\n"
    (folder / "tokens.csv").write_text(f'{cluster.token},admin,admin,"system:masters"\n{limited}')
    key = folder / "accounts.key"
    subprocess.run(["openssl", "genrsa", "-out", str(key), "2048"], check=True, stderr=-3)
    store, beside = f"http://127.0.0.1:{etcd}", f"http://127.0.0.1:{peer}"
    line = ["etcd", "--data-dir", str(folder / "etcd"), "--unsafe-no-fsync"]
    line += ["--listen-client-urls", store, "--advertise-client-urls", store]
    line += ["--listen-peer-urls", beside, "--initial-advertise-peer-urls", beside]
    line += ["--initial-cluster", f"default={beside}"]
    api = [str(BIN / "kube-apiserver"), f"--etcd-servers={store}", f"--secure-port={port}"]
    api += ["--bind-address=127.0.0.1", f"--cert-dir={folder / 'certificates'}"]
    api += ["--service-cluster-ip-range=10.96.0.0/24", "--authorization-mode=RBAC"]
    api += ["--service-account-issuer=https://kubernetes.default.svc"]
    api += [f"--service-account-signing-key-file={key}", f"--service-account-key-file={key}"]
    api += [f"--token-auth-file={folder / 'tokens.csv'}", "--allow-privileged=true"]
    try:
        _start(cluster, "etcd", line)
        _start(cluster, "kube-apiserver", api)
        _await(cluster)
        controllers = [str(BIN / "kube-controller-manager"), "--leader-elect=false"]
        controllers += [f"--kubeconfig={cluster.kubeconfig()}", "--port=0", "--secure-port=0"]
        controllers += [f"--service-account-private-key-file={key}"]
        controllers += ["--controllers=*,-nodelifecycle,-podgc", "--concurrent-gc-syncs=2"]
        _start(cluster, "kube-controller-manager", controllers)
        yield cluster
    finally:
        for process in reversed(cluster.processes):
            process.send_signal(signal.SIGKILL)
            process.wait()


def _start(cluster: Cluster, name: str, line: list[str]) -> None:
    with (cluster.folder / f"{name}.log").open("wb") as log:
        started = subprocess.Popen(line, stdout=log, stderr=log, start_new_session=True)
    cluster.processes.append(started)


def _await(cluster: Cluster) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and all(one.poll() is None for one in cluster.processes):
        with contextlib.suppress(httpx.HTTPError, OSError), cluster.http() as http:
            if http.get("/readyz").status_code == 200:
                return
        time.sleep(0.1)
    logs = [path.read_text()[-2000:] for path in cluster.folder.glob("*.log")]
    raise AssertionError("\n".join(logs))


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


if __name__ == "__main__":
    sys.exit(why_no_cluster())
