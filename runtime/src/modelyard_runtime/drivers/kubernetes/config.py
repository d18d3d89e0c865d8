"""Where the cluster is and who we are there: a kubeconfig, or the pod's own service account."""

from __future__ import annotations

import base64
import binascii
import os
import ssl
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

IN_CLUSTER = "in-cluster"
_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


class NotUsable(ValueError):
    """The cluster's configuration cannot be used; the text is for an administrator."""


@dataclass(frozen=True, slots=True)
class Access:
    """How to call one cluster."""

    url: str
    verify: ssl.SSLContext | bool
    token: str = ""
    token_file: Path | None = None
    """Read anew for every call: such tokens are rotated."""

    def headers(self) -> dict[str, str]:
        """Give what authenticates a call."""
        token = self.token
        if self.token_file is not None:
            token = self.token_file.read_text(encoding="utf-8").strip()
        return {"Authorization": f"Bearer {token}"} if token else {}


def access(where: str) -> Access:
    """Read a kubeconfig's current context, or the service account with `in-cluster`.

    Raises:
        NotUsable: with the reason.
    """
    if where == IN_CLUSTER:
        return _in_cluster()
    try:
        told = yaml.safe_load(Path(where).read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise NotUsable(f"The kubeconfig {where} cannot be read: {error}") from error
    if not isinstance(told, Mapping):
        raise NotUsable(f"{where} is not a kubeconfig.")
    context = _named(told, "contexts", str(told.get("current-context", "")), "context")
    cluster = _named(told, "clusters", str(context.get("cluster", "")), "cluster")
    user = _named(told, "users", str(context.get("user", "")), "user")
    if "exec" in user or "auth-provider" in user:
        raise NotUsable(
            "The kubeconfig gets its credentials from a program, which a server does not run; "
            "use a service account's token."
        )
    beside = Path(where).absolute().parent
    token_file = user.get("tokenFile")
    return Access(
        url=str(cluster.get("server", "")).rstrip("/"),
        verify=_verify(cluster, user, beside),
        token=str(user.get("token", "")),
        token_file=beside / token_file if token_file else None,
    )


def _in_cluster() -> Access:
    host, port = (os.environ.get(f"KUBERNETES_SERVICE_{part}") for part in ("HOST", "PORT"))
    if not host or not port or not (_ACCOUNT / "token").is_file():
        raise NotUsable("This is no pod with a service account, so `in-cluster` says nothing.")
    host = f"[{host}]" if ":" in host else host
    verify = ssl.create_default_context(cafile=_ACCOUNT / "ca.crt")
    return Access(f"https://{host}:{port}", verify, token_file=_ACCOUNT / "token")


def _named(told: Mapping[str, Any], many: str, name: str, one: str) -> Mapping[str, Any]:
    for entry in told.get(many) or []:
        if entry.get("name") == name and isinstance(entry.get(one), Mapping):
            found: Mapping[str, Any] = entry[one]
            return found
    raise NotUsable(f"The kubeconfig has no {one} {name!r}.")


def _verify(
    cluster: Mapping[str, Any], user: Mapping[str, Any], beside: Path
) -> ssl.SSLContext | bool:
    if not str(cluster.get("server", "")).startswith("https://"):
        return False
    authority = _material(cluster, "certificate-authority", beside)
    try:
        context = ssl.create_default_context(cadata=authority.decode() if authority else None)
        if cluster.get("insecure-skip-tls-verify"):
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        certificate = _material(user, "client-certificate", beside)
        key = _material(user, "client-key", beside)
        if certificate and key:
            # The ssl module reads certificates from files only.
            with tempfile.NamedTemporaryFile() as both:
                both.write(certificate + b"\n" + key)
                both.flush()
                context.load_cert_chain(both.name)
    except (ssl.SSLError, ValueError) as error:
        raise NotUsable(f"A certificate of the kubeconfig cannot be used: {error}") from error
    return context


def _material(facts: Mapping[str, Any], name: str, beside: Path) -> bytes:
    try:
        if facts.get(f"{name}-data"):
            return base64.b64decode(facts[f"{name}-data"], validate=True)
        return (beside / facts[name]).read_bytes() if facts.get(name) else b""
    except (OSError, binascii.Error) as error:
        raise NotUsable(f"The kubeconfig's {name} cannot be read: {error}") from error
