"""Every setting of the control plane. Environment variables carry the prefix `MODELYARD_`."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Read once at start; never changed afterwards."""

    model_config = SettingsConfigDict(env_prefix="MODELYARD_", frozen=True, extra="ignore")

    data_dir: Path = Field(
        Path(".modelyard"), description="Folder of everything Modelyard keeps on this machine."
    )
    database_url: str = Field("", description="SQLAlchemy URL. Empty: SQLite in the data folder.")
    host: str = Field("127.0.0.1", description="Address the API and web application listen on.")
    port: int = Field(8080, description="Port of the API and web application.")
    public_url: str = Field(
        "", description="Address people use in the browser. Empty: http://localhost:<port>."
    )
    content_url: str = Field(
        "",
        description="Address of this server under another host name, which shows HTML and SVG that "
        "users logged. Empty: 127.0.0.1 for localhost, else a sandbox on the same origin.",
    )
    gateway_host: str = Field("127.0.0.1", description="Address the inference gateway listens on.")
    gateway_port: int = Field(8081, description="Port of the inference gateway.")
    grpc_port: int = Field(
        0, ge=0, le=65535, description="Port for predictions over gRPC; 0: no gRPC."
    )
    gateway_url: str = Field(
        "",
        description="Address callers use for predictions. Empty: http://localhost:<gateway port>.",
    )
    web_dir: Path = Field(Path("web/dist"), description="Folder of the built web application.")
    artifact_store: str = Field(
        "",
        description="Where artifacts are kept: empty for the data folder, or s3://bucket/prefix.",
    )
    s3_endpoint: str = Field("", description="Endpoint of an S3-compatible store; empty for AWS.")
    s3_access_key_id: str = Field("", description="Access key of the S3 store.")
    s3_secret_access_key: str = Field("", description="Secret key of the S3 store.")
    s3_region: str = Field("us-east-1", description="Region of the S3 store.")
    artifact_quota_gb: float = Field(
        0, description="Bytes a workspace may keep, in GiB; 0 means as much as the disk holds."
    )
    artifact_grace_hours: float = Field(
        24,
        ge=0,
        description="Content that nothing holds is removed so many hours after it was noticed.",
    )
    artifact_sync: bool = Field(
        False,
        description="Answer an upload only when the disk has it: answered files then survive a "
        "power cut too, and uploads are as slow as the disk.",
    )
    egress_allow: str = Field(
        "",
        description="Networks besides the public internet that webhooks and data connections may "
        "call, such as 10.1.0.0/16,fd00::/8.",
    )
    artifact_part_mb: int = Field(
        64, ge=1, description="Size of the parts that large files are sent in, in MiB."
    )
    smtp_url: str = Field(
        "",
        description="smtp://user:password@host:port; empty: links are shown instead of mailed.",
    )
    pagerduty_url: str = Field(
        "https://events.pagerduty.com/v2/enqueue",
        description="Where PagerDuty events are sent; the European region has another address.",
    )
    mail_from: str = Field("modelyard@localhost", description="Sender of mail.")
    redis_url: str = Field(
        "",
        description="redis://host:port/0 to share limits and attempts. Empty: each process counts.",
    )
    api_processes: int = Field(
        1,
        ge=1,
        le=64,
        description="Processes that answer the API. More than one need PostgreSQL and Redis.",
    )
    alert_seconds: float = Field(
        15, ge=0.2, description="Alert rules are evaluated so often, in seconds."
    )
    worker_threads: int = Field(3, description="Threads that run background jobs.")
    session_idle_hours: int = Field(
        12, description="A browser session ends after this many hours without a request."
    )
    session_days: int = Field(
        7, description="A browser session ends after this many days at the latest."
    )
    allow_unsandboxed_code: bool = Field(
        False,
        description="Run model code unsandboxed where the host has no walls. For a trusted team.",
    )
    log_json: bool = Field(False, description="Write logs as one JSON object a line.")
    log_level: str = Field("INFO", description="Lowest level that is logged.")
    trusted_proxies: int = Field(
        0, description="How many reverse proxies stand in front and set X-Forwarded-For."
    )
    secure_cookies: bool = Field(
        False, description="Mark cookies Secure and use the __Host- prefix; switch on behind TLS."
    )
    driver: Literal["process", "docker", "kubernetes"] = Field(
        "process",
        description="Where model servers run in environments that do not choose: as sandboxed "
        "processes of this machine, in containers of its Docker engine, or in pods of a "
        "Kubernetes cluster.",
    )
    docker_socket: str = Field(
        "",
        description="Unix socket of the Docker engine, such as /var/run/docker.sock. Empty: "
        "containers are not offered.",
    )
    docker_base_image: str = Field(
        "",
        description="Image that environments are built on; it has the Python that Modelyard runs "
        "with. Empty: python:<version>-slim.",
    )
    kubernetes: str = Field(
        "",
        description="Kubeconfig of the cluster that model servers may run in, or in-cluster: the "
        "service account of the pod that Modelyard runs in. Empty: pods are not offered.",
    )
    kubernetes_image: str = Field(
        "",
        description="Image that pods start on; it has the Python that Modelyard runs with. "
        "Empty: python:<version>-slim.",
    )
    kubernetes_prefix: str = Field(
        "modelyard",
        pattern=r"^[a-z]([-a-z0-9]{0,20}[a-z0-9])?$",
        description="Begin of the names of namespaces; workspace and environment follow.",
    )
    kubernetes_callers: str = Field(
        "",
        description="Networks that Modelyard calls pods from, such as 10.1.0.0/16; pods let in "
        "nobody else. Empty: the address it calls the cluster from.",
    )
    manage_node: bool = Field(
        True, description="Start and watch the inference node of this machine."
    )

    @model_validator(mode="after")
    def _names_its_engine(self) -> Settings:
        if self.driver == "docker" and not self.docker_socket:
            raise ValueError("MODELYARD_DRIVER is docker, but MODELYARD_DOCKER_SOCKET is not set.")
        if self.driver == "kubernetes" and not self.kubernetes:
            raise ValueError("MODELYARD_DRIVER is kubernetes, but MODELYARD_KUBERNETES is not set.")
        return self

    @cached_property
    def cluster(self) -> str:
        """The cluster as processes in other folders find it."""
        if self.kubernetes in {"", "in-cluster"}:
            return self.kubernetes
        return str(Path(self.kubernetes).absolute())

    @cached_property
    def database(self) -> str:
        """The database URL in force."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'modelyard.db').absolute()}"

    @cached_property
    def egress_networks(self) -> list[str]:
        """The networks of `egress_allow`."""
        return [network.strip() for network in self.egress_allow.split(",") if network.strip()]

    @cached_property
    def browser_url(self) -> str:
        """The public address without a trailing slash."""
        return (self.public_url or f"http://localhost:{self.port}").rstrip("/")

    @cached_property
    def inference_url(self) -> str:
        """The address of the gateway without a trailing slash."""
        return (self.gateway_url or f"http://localhost:{self.gateway_port}").rstrip("/")
