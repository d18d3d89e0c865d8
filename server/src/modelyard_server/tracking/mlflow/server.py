"""What the client asks before it logs in: is this a server, and what can it do."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse

from modelyard_server.workspaces.access import public

from . import wire

SPOKEN = "3.17.2"  # the version of MLflow whose protocol this is
router = APIRouter(tags=["tracking_mlflow"], include_in_schema=False)


@router.get("/health", dependencies=[public()])
def get_mlflow_health() -> Response:
    """Say that the process answers."""
    return PlainTextResponse("OK")


@router.get("/version", dependencies=[public()])
def get_mlflow_version() -> Response:
    """Name the version of the protocol."""
    return PlainTextResponse(SPOKEN)


@router.get("/api/3.0/mlflow/server-info", dependencies=[public()])
def get_mlflow_server_info() -> Response:
    """Say which optional parts of the protocol are there."""
    capabilities: dict[str, Any] = {
        "store_type": "SqlStore",
        "workspaces_enabled": True,
        "multipart_uploads_enabled": True,
        "multipart_downloads_enabled": False,
        "presigned_upload_run_id_supported": False,
        "presigned_upload_model_id_supported": False,
        "features_enabled": {},
    }
    return wire.answer(capabilities)
