"""Says whether a cluster can be used: `python -m modelyard_runtime.drivers.kubernetes.check WHERE`.

Prints JSON `{"obstacle": …}`, `null` where nothing stands in the way.
"""

from __future__ import annotations

import asyncio
import json
import sys

from .api import Cluster, ClusterGone, ClusterRefused

_NEEDED = (
    ("", "pods", "list"),
    ("", "pods", "delete"),
    ("", "secrets", "patch"),
    ("", "services", "patch"),
    ("apps", "deployments", "list"),
    ("apps", "deployments", "patch"),
    ("networking.k8s.io", "networkpolicies", "list"),
    ("networking.k8s.io", "networkpolicies", "patch"),
)
_REVIEW = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


async def obstacle(where: str) -> str | None:
    """Say what stands in the way of using a cluster."""
    cluster = Cluster(where)
    try:
        for group, resource, verb in _NEEDED:
            asked = {"group": group, "resource": resource, "verb": verb}
            body = {
                "apiVersion": "authorization.k8s.io/v1",
                "kind": "SelfSubjectAccessReview",
                "spec": {"resourceAttributes": asked},
            }
            told = await cluster.call("POST", _REVIEW, json=body)
            if not told["status"]["allowed"]:
                return (
                    f"In the cluster at {cluster.url} Modelyard may not {verb} {resource} in all "
                    "namespaces; deploy/kubernetes/access.yaml has what it needs."
                )
    except (ClusterGone, ClusterRefused) as refusal:
        return str(refusal)
    finally:
        await cluster.close()
    return None


if __name__ == "__main__":
    print(json.dumps({"obstacle": asyncio.run(obstacle(sys.argv[1]))}))  # noqa: T201 - its answer
