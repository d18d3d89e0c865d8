"""Whose fault a failed rollout was, and what the report says about all of them."""

from tests.make.deployments import Serving

from modelyard_server.artifacts.errors import ContentMissing
from modelyard_server.deployments.ports import Verified
from modelyard_server.registry.errors import RequirementsUnresolvable

LEVELS = "/api/v1/serving/levels"


def test_failures_are_the_models_or_ours(serving: Serving) -> None:
    serving.deploy()
    serving.preparation.refusal = RequirementsUnresolvable("numpy==0.0.1 does not exist.")
    serving.deploy()
    serving.preparation.refusal = ContentMissing("The store does not answer.")
    serving.deploy()
    serving.preparation.refusal = None
    serving.preparation.verified = Verified(False, "1 value differs.", "bwrap")
    serving.deploy()

    found = serving.client.get(LEVELS).json()
    assert (found["rollouts"], found["live"]) == (4, 1)
    assert (found["failed_user"], found["failed_platform"]) == (2, 1)
    assert found["success"] == 0.75
    said = {(row["fault"], row["phase"]): row["example"] for row in found["failures"]}
    assert said == {
        ("user", "build"): "numpy==0.0.1 does not exist.",
        ("user", "verify"): "1 value differs.",
        ("platform", "build"): "The store does not answer.",
    }
    total = next(entry for entry in found["phases"] if entry["phase"] == "total")
    assert total["count"] == 1
    assert total["p95"] < found["target_seconds"]


def test_a_workspace_without_rollouts_has_no_level(serving: Serving) -> None:
    found = serving.client.get(LEVELS, params={"days": 7}).json()
    assert (found["days"], found["rollouts"], found["success"]) == (7, 0, None)
