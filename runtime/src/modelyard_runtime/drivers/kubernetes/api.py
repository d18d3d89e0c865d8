"""The part of the Kubernetes interface that the driver needs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import httpx

from .config import Access, NotUsable, access

MANAGER = "modelyard"
SECONDS = 15.0
_SCALER = "kube-controller-manager"  # changes how many pods there are, as our own scaler says
_OTHERS = re.compile(r'conflicts? with "([^"]+)"')
_GROUPS = {"autoscaling": ("v2", "v2beta2"), "policy": ("v1", "v1beta1")}
_PLURALS = {
    "Namespace": "namespaces",
    "Secret": "secrets",
    "NetworkPolicy": "networkpolicies",
    "Deployment": "deployments",
    "Service": "services",
    "HorizontalPodAutoscaler": "horizontalpodautoscalers",
    "PodDisruptionBudget": "poddisruptionbudgets",
}
Object = dict[str, Any]


class ClusterGone(RuntimeError):
    """The cluster does not answer."""


class ClusterRefused(RuntimeError):
    """The cluster does not do it; `status` is its HTTP status."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status


class Cluster:
    """One cluster. Which versions of groups it has is asked once."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._access: Access | None = None
        self._http: httpx.AsyncClient | None = None
        self._versions: dict[str, str] = {}

    @property
    def url(self) -> str:
        """Address of its API server, as far as known."""
        return self._access.url if self._access is not None else self._where

    async def version_of(self, group: str) -> str:
        """Give the newest version of a group that cluster and driver both know.

        Raises:
            ClusterRefused: there is none.
        """
        if group not in self._versions:
            told = await self.call("GET", f"/apis/{group}")
            offered = {one["version"] for one in told.get("versions", [])}
            known = next((one for one in _GROUPS[group] if one in offered), None)
            if known is None:
                wanted = " or ".join(_GROUPS[group])
                raise ClusterRefused(f"The cluster has no {group}/{wanted}.", 404)
            self._versions[group] = known
        return self._versions[group]

    async def apply(self, wanted: Object) -> Object:
        """Make an object as wanted; fields that are not named stay as they are.

        Raises:
            ClusterRefused: also when somebody else has set a field to something else.
        """
        name, kind = wanted["metadata"]["name"], wanted["kind"]
        query = {"fieldManager": MANAGER}
        try:
            return await self._patch(wanted, query)
        except ClusterRefused as refusal:
            others = set(_OTHERS.findall(str(refusal)))
            if refusal.status != 409 or not others:
                raise
            foreign = sorted(one for one in others if one.split("-")[0] != MANAGER)
            foreign = [one for one in foreign if one != _SCALER]
            if foreign:
                raise ClusterRefused(
                    f"{kind} {name} was changed by {' and '.join(foreign)}, and Modelyard does not "
                    f"overrule others: {refusal}",
                    409,
                ) from refusal
        return await self._patch(wanted, query | {"force": "true"})

    async def remove(self, kind: str, namespace: str, name: str, api: str) -> None:
        """Remove an object and what belongs to it; one that is gone already is no error."""
        try:
            body = {"propagationPolicy": "Background"}
            await self.call("DELETE", _path(api, kind, namespace, name), json=body)
        except ClusterRefused as refusal:
            if refusal.status != 404:
                raise

    async def list(self, path: str, labels: Mapping[str, str]) -> list[Object]:
        """List objects of one kind in all namespaces that carry these labels."""
        selector = ",".join(f"{key}={value}" for key, value in labels.items())
        found: list[Object] = []
        query = {"labelSelector": selector, "limit": "500"}
        while True:
            told = await self.call("GET", path, params=query)
            found += told["items"]
            more = told["metadata"].get("continue")
            if not more:
                return found
            query["continue"] = more

    async def call(self, method: str, path: str, **options: Any) -> Any:
        """Call the API server.

        Raises:
            ClusterGone: it does not answer, or there is no way to call it.
            ClusterRefused: it says no.
        """
        try:
            if self._http is None or self._access is None:
                self._access = access(self._where)
                self._http = httpx.AsyncClient(
                    base_url=self._access.url,
                    verify=self._access.verify,
                    timeout=SECONDS,
                    trust_env=False,
                )
            headers = self._access.headers() | options.pop("headers", {})
            answer = await self._http.request(method, path, headers=headers, **options)
        except NotUsable as error:
            raise ClusterGone(str(error)) from error
        except (httpx.HTTPError, OSError) as error:
            text = f"The Kubernetes API at {self.url} does not answer: {error or type(error)}."
            raise ClusterGone(text) from error
        if answer.status_code >= 400:
            raise ClusterRefused(_said(answer), answer.status_code)
        return answer.json() if answer.content else {}

    async def close(self) -> None:
        """Close all connections."""
        if self._http is not None:
            await self._http.aclose()

    async def _patch(self, wanted: Object, query: Mapping[str, str]) -> Object:
        metadata = wanted["metadata"]
        path = _path(
            wanted["apiVersion"], wanted["kind"], metadata.get("namespace"), metadata["name"]
        )
        headers = {"Content-Type": "application/apply-patch+yaml"}  # JSON is YAML
        made: Object = await self.call("PATCH", path, params=query, headers=headers, json=wanted)
        return made


def _path(api: str, kind: str, namespace: str | None, name: str) -> str:
    root = f"/apis/{api}" if "/" in api else f"/api/{api}"
    inside = f"/namespaces/{namespace}" if namespace else ""
    return f"{root}{inside}/{_PLURALS[kind]}/{name}"


def _said(answer: httpx.Response) -> str:
    try:
        message = str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        message = answer.text[:200] or f"status {answer.status_code}"
    if answer.status_code == 401:
        return f"The cluster does not accept our credentials: {message}"
    if answer.status_code == 403 and "exceeded quota" in message:
        return f"The namespace's quota does not allow it: {message}"
    if answer.status_code == 403:
        return f"The cluster does not allow it: {message}"
    return message
