"""Modelyard's client: deploy, predict and look after models. Tracking is the MLflow client's job.

import modelyard

client = modelyard.Client()  # reads MODELYARD_URL / MLFLOW_TRACKING_URI and the token
live = client.deployments.deploy("breast-cancer", environment="staging").wait()
key = client.deployments.create_key(live.id, "notebook")
modelyard.Endpoint(live.url, key).predict([{"mean radius": 14.1, ...}])
"""

from ._client import Client
from ._errors import (
    Conflict,
    Forbidden,
    Invalid,
    ModelyardError,
    NotFound,
    QuotaExceeded,
    Unauthenticated,
    Unavailable,
    Unreachable,
)
from .alerts import Alert, Alerts, webhook_is_ours
from .artifacts import Artifacts, StoredArtifact
from .batches import Batch, Batches
from .bundles import Bundles, ImportedVersion, VerifiedBundle
from .constraints import CheckResult, Constraints, Violations
from .deployments import Deployment, DeploymentFailed, Deployments
from .drift import ColumnDrift, Drift, JointDrift, PairDrift
from .inference import Endpoint, Prediction
from .oauth_clients import OAuthClient, OAuthClients
from .outcomes import Outcome, OutcomeCounts
from .registry import Model, Models
from .rollouts import Approval, EndpointKey, ServingConfig, ShadowReport, Strategy
from .safeguards import Held, HeldSafeguard, Safeguards
from .storage import Collected, Storage, Usage

__version__ = "0.1.0"
__all__ = [
    "Alert",
    "Alerts",
    "Approval",
    "Artifacts",
    "Batch",
    "Batches",
    "Bundles",
    "CheckResult",
    "Client",
    "Collected",
    "ColumnDrift",
    "Conflict",
    "Constraints",
    "Deployment",
    "DeploymentFailed",
    "Deployments",
    "Drift",
    "Endpoint",
    "EndpointKey",
    "Forbidden",
    "Held",
    "HeldSafeguard",
    "ImportedVersion",
    "Invalid",
    "JointDrift",
    "Model",
    "Models",
    "ModelyardError",
    "NotFound",
    "OAuthClient",
    "OAuthClients",
    "Outcome",
    "OutcomeCounts",
    "PairDrift",
    "Prediction",
    "QuotaExceeded",
    "Safeguards",
    "ServingConfig",
    "ShadowReport",
    "Storage",
    "StoredArtifact",
    "Strategy",
    "Unauthenticated",
    "Unavailable",
    "Unreachable",
    "Usage",
    "VerifiedBundle",
    "Violations",
    "webhook_is_ours",
]
