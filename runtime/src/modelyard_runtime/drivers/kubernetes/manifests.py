"""What a version is in a cluster: pure descriptions of its objects."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelyard_protocol.routing import Scaling, ServerSpec
from modelyard_runtime.wire import base_of

from .pod import LAST_WORDS, READY_FILE

NODE, SERVER = "modelyard.dev/node", "modelyard.dev/server"
LABEL, CODE = "modelyard.dev/label", "modelyard.dev/code"
PORT = 8500
CONTAINER, FETCH = "model", "files"
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
_USER = 65532
_PLACE, _HANDED = "/opt/modelyard", "/run/modelyard"
_HERE = Path(__file__).parent
_TARGET_PERCENT = 70  # of the processors asked for
_LEAVE_SECONDS = 40
_NAME = 63

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """What is the same for every version of one node."""

    node: str
    """Name of the node whose versions these are."""
    prefix: str
    """Begin of namespaces' names."""
    callers: tuple[str, ...]
    """Networks that the node calls from."""
    code: str
    """Version of the serving code; pods of another one are replaced."""


def name_of(node: str, spec: ServerSpec) -> str:
    """Name a version's objects; a version's processes share them, two installations do not."""
    return f"model-{base_of(spec.id)}-{node[:8]}"


def namespace_of(prefix: str, spec: ServerSpec) -> str:
    """Name the namespace of a version's workspace and environment."""
    workspace, environment, *_ = [*spec.label.split("/"), "", ""]
    whole = f"{prefix}-{workspace}-{environment}"
    plain = re.sub(r"[^a-z0-9]+", "-", whole.lower()).strip("-")
    if plain == whole and len(plain) <= _NAME:
        return plain
    return f"{plain[: _NAME - 9].rstrip('-')}-{hashlib.sha256(whole.encode()).hexdigest()[:8]}"


def has_scaler(spec: ServerSpec) -> bool:
    """Tell whether the cluster decides how many pods there are, and not we."""
    scaling = spec.scaling
    return scaling is not None and scaling.max_replicas > max(1, scaling.min_replicas)


def namespace(place: Place, spec: ServerSpec) -> Object:
    """Describe the namespace; it refuses pods that are not restricted."""
    name = namespace_of(place.prefix, spec)
    levels = {"enforce": "restricted", "warn": "restricted"}
    labels = {f"pod-security.kubernetes.io/{mode}": level for mode, level in levels.items()}
    metadata = {"name": name, "labels": labels | {"app.kubernetes.io/managed-by": "modelyard"}}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def objects(
    place: Place, spec: ServerSpec, secret: bytes, autoscaling: str, policy: str
) -> list[Object]:
    """Describe a version's objects in the order in which they are asked for.

    The walls stand before the first pod does.
    """
    found = [_wall(place, spec), _handed(place, spec, secret), _deployment(place, spec)]
    found.append(_service(place, spec))
    if has_scaler(spec):
        found += [_scaler(place, spec, autoscaling), _budget(place, spec, policy)]
    return found


def _metadata(place: Place, spec: ServerSpec) -> Object:
    labels = labels_of(place, spec)
    name, inside = name_of(place.node, spec), namespace_of(place.prefix, spec)
    return {
        "name": name,
        "namespace": inside,
        "labels": labels,
        "annotations": {LABEL: spec.label},
    }


def labels_of(place: Place, spec: ServerSpec) -> dict[str, str]:
    """Give what finds a version's objects again."""
    return {
        "app.kubernetes.io/name": "modelyard-model",
        "app.kubernetes.io/managed-by": "modelyard",
        NODE: place.node,
        SERVER: base_of(spec.id),
    }


def _selector(place: Place, spec: ServerSpec) -> dict[str, str]:
    return {NODE: place.node, SERVER: base_of(spec.id)}


def _wall(place: Place, spec: ServerSpec) -> Object:
    """Nothing goes out; only the node comes in, on one port."""
    callers = [{"ipBlock": {"cidr": one}} for one in place.callers]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": _metadata(place, spec),
        "spec": {
            "podSelector": {"matchLabels": _selector(place, spec)},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"from": callers, "ports": [{"protocol": "TCP", "port": PORT}]}],
            "egress": [],
        },
    }


def _handed(place: Place, spec: ServerSpec, secret: bytes) -> Object:
    own = {}
    if spec.environment_file:
        own = json.loads(Path(spec.environment_file).read_text(encoding="utf-8"))
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": _metadata(place, spec),
        "type": "Opaque",
        "data": {
            "secret": _encoded(secret.hex().encode()),
            "environment.json": _encoded(json.dumps(own).encode()),
            "boot.py": _encoded((_HERE / "boot.py").read_bytes()),
            "greeting.py": _encoded((_HERE / "greeting.py").read_bytes()),
        },
    }


def _encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _deployment(place: Place, spec: ServerSpec) -> Object:
    described: Object = {
        "selector": {"matchLabels": _selector(place, spec)},
        "strategy": {
            "type": "RollingUpdate",
            "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1},
        },
        "revisionHistoryLimit": 1,
        "template": {
            "metadata": {"labels": labels_of(place, spec), "annotations": {CODE: place.code}},
            "spec": _pod(place, spec),
        },
    }
    if not has_scaler(spec):
        scaling = spec.scaling
        described["replicas"] = max(1, scaling.min_replicas) if scaling is not None else 1
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _metadata(place, spec),
        "spec": described,
    }


def _pod(place: Place, spec: ServerSpec) -> Object:
    return {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": _LEAVE_SECONDS,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "fsGroup": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "initContainers": [_fetching(spec)],
        "containers": [_serving(spec)],
        "volumes": [
            {"name": "files", "emptyDir": {}},
            {"name": "tmp", "emptyDir": {"sizeLimit": f"{spec.limits.tmp_mb}Mi"}},
            {
                "name": "handed",
                "secret": {"secretName": name_of(place.node, spec), "defaultMode": 0o440},
            },
        ],
    }


def _fetching(spec: ServerSpec) -> Object:
    return _container(spec, FETCH, is_serving=False) | {
        "command": ["python3", f"{_HANDED}/boot.py"],
    }


def _serving(spec: ServerSpec) -> Object:
    line = [f"{_PLACE}/environment/bin/python", "-m", "modelyard_runtime.drivers.kubernetes.pod"]
    line += ["--model-dir", f"{_PLACE}/model", "--engine", spec.engine]
    line += ["--memory-mb", str(spec.limits.memory_mb)]
    line += ["--open-files", str(spec.limits.open_files)]
    ready = ["test", "-e", str(READY_FILE)]
    return _container(spec, CONTAINER, is_serving=True) | {
        "command": line,
        "ports": [{"name": "calls", "containerPort": PORT, "protocol": "TCP"}],
        "readinessProbe": {"exec": {"command": ready}, "periodSeconds": 2},
    }


def _container(spec: ServerSpec, name: str, *, is_serving: bool) -> Object:
    most = {
        "cpu": f"{max(1, round(spec.limits.cpus * 1000))}m",
        "memory": f"{spec.limits.memory_mb}Mi",
    }
    address = {"fieldRef": {"apiVersion": "v1", "fieldPath": "status.podIP"}}
    plain = [{"name": key, "value": value} for key, value in sorted(_environment(spec).items())]
    return {
        "name": name,
        "image": spec.image,
        "workingDir": "/tmp",  # noqa: S108 - its own
        "env": [{"name": "MODELYARD_POD_ADDRESS", "valueFrom": address}, *plain],
        "resources": {"requests": most, "limits": most},
        "terminationMessagePath": str(LAST_WORDS),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "files", "mountPath": _PLACE, "readOnly": is_serving},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108
            {"name": "handed", "mountPath": _HANDED, "readOnly": True},
        ],
    }


def _environment(spec: ServerSpec) -> dict[str, str]:
    threads = str(max(1, round(spec.limits.cpus)))
    return {
        "HOME": "/tmp",  # noqa: S108 - its own
        "TMPDIR": "/tmp",  # noqa: S108
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": f"{_PLACE}/code",
        "OMP_NUM_THREADS": threads,
        "OPENBLAS_NUM_THREADS": threads,
        "MKL_NUM_THREADS": threads,
        "ARROW_DEFAULT_MEMORY_POOL": "system",
        "MODELYARD_SANDBOX": "kubernetes",
        "MODELYARD_PYTHON": PYTHON,
        "MODELYARD_PORT": str(PORT),
    }


def _service(place: Place, spec: ServerSpec) -> Object:
    """Name the pods for the cluster: a mesh that encrypts between pods goes by it."""
    port = {"name": "tcp-calls", "port": PORT, "targetPort": PORT, "protocol": "TCP"}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": _metadata(place, spec),
        "spec": {
            "clusterIP": "None",
            "selector": _selector(place, spec),
            "ports": [port],
        },
    }


def _scaler(place: Place, spec: ServerSpec, version: str) -> Object:
    scaling = spec.scaling or Scaling()
    target = {"type": "Utilization", "averageUtilization": _TARGET_PERCENT}
    return {
        "apiVersion": f"autoscaling/{version}",
        "kind": "HorizontalPodAutoscaler",
        "metadata": _metadata(place, spec),
        "spec": {
            "scaleTargetRef": {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "name": name_of(place.node, spec),
            },
            "minReplicas": max(1, scaling.min_replicas),
            "maxReplicas": scaling.max_replicas,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
        },
    }


def _budget(place: Place, spec: ServerSpec, version: str) -> Object:
    return {
        "apiVersion": f"policy/{version}",
        "kind": "PodDisruptionBudget",
        "metadata": _metadata(place, spec),
        "spec": {
            "maxUnavailable": 1,
            "selector": {"matchLabels": _selector(place, spec)},
        },
    }
