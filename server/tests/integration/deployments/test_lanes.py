"""The lane of a revision: kept with it, followed by the node, shown, and given up for good."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
from tests.make.deployments import ObedientNode, Serving

from modelyard_protocol.routing import LaneState, ObservedServer, ServerSpec
from modelyard_server.deployments.ports import Verified
from modelyard_server.deployments.reconcile import Reconciler
from modelyard_server.registry import compiled

LANE: dict[str, Any] = {
    "compiled": {
        "graph": "/compiled/1/x/graph.onnx",
        "sha256": "ab",
        "feeds": [{"name": "rows", "columns": ["x"], "dtype": "float64"}],
        "outputs": ["label"],
    },
    "reason": None,
    "says": "skl2onnx, float64, one matrix",
    "probes": 251,
    "max_difference": 1e-15,
    "tolerance": 1e-9,
    "race": {"graph_1_ms": 0.02, "original_1_ms": 0.3},
}
REFUSED = {"compiled": None, "reason": "Its predict takes parameters.", "seconds": 0.1}


def own_servers(serving: Serving) -> list[ServerSpec]:
    prefix = f"{serving.workspace.slug}/"
    return [spec for spec in serving.node.desired().servers if spec.label.startswith(prefix)]


def test_compiled_version_is_served_by_its_graph_and_shown_with_its_proof(serving: Serving) -> None:
    serving.preparation.verified = Verified(True, "Reproduced.", "bwrap", lane=LANE)
    live = serving.deploy()["live_revision"]

    [spec] = own_servers(serving)
    assert spec.compiled is not None
    assert (spec.compiled.outputs, spec.signature.inputs[0].name) == (("label",), "x")
    assert live["lane"] == {
        "engine": "onnx", "state": "compiled", "reason": None,
        "conversion": "skl2onnx, float64, one matrix", "probes": 251, "max_difference": 1e-15,
        "tolerance": 1e-9, "row_ms": 0.02, "original_row_ms": 0.3, "rows_1000_ms": None,
        "original_rows_1000_ms": None, "native_above_rows": None,
    }  # fmt: skip
    assert live["steps"][2]["detail"].endswith("Compiled to ONNX and equal on 251 probes.")


def test_version_that_has_no_graph_says_why(serving: Serving) -> None:
    serving.preparation.verified = Verified(True, "Reproduced.", "bwrap", lane=REFUSED)
    live = serving.deploy()["live_revision"]
    [spec] = own_servers(serving)
    assert spec.compiled is None
    assert (live["lane"]["engine"], live["lane"]["reason"]) == ("original", REFUSED["reason"])


def test_version_that_was_compiled_before_is_not_verified_again(serving: Serving) -> None:
    serving.preparation.lane = LANE
    live = serving.deploy()["live_revision"]
    assert "verify" not in serving.preparation.calls
    assert live["steps"][2]["detail"].startswith("Reproduced before: same files")
    assert live["lane"]["state"] == "compiled"


def test_graph_that_live_traffic_proved_wrong_is_given_up(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    serving.preparation.verified = Verified(True, "Reproduced.", "bwrap", lane=LANE)
    deployment = serving.deploy()
    reason = "A live call got 5.0 from the graph and 4.0 from the original."
    server = ObedientNode._server

    def switched(node: ObedientNode, server_id: str, engine: str) -> ObservedServer:
        facts = {"lane": LaneState.switched_back, "lane_note": reason}
        return server(node, server_id, engine).model_copy(update=facts)

    monkeypatch.setattr(ObedientNode, "_server", switched)
    Reconciler(serving.platform.services).tick()

    lane = serving.get(deployment["id"])["live_revision"]["lane"]
    assert (lane["engine"], lane["state"], lane["reason"]) == ("original", "switched_back", reason)
    events = serving.workspace.client("admin").get(
        "/api/v1/audit", params={"object_id": deployment["id"]}
    )
    assert "deployments.lane_switched_back" in [e["action"] for e in events.json()["items"]]


def test_kept_graph_is_known_until_it_is_another_one(tmp_path: Path) -> None:
    target = compiled.folder(tmp_path, "1", "digest", "lock", "sklearn")
    assert compiled.known(target) is None
    with compiled.workbench(target) as part:
        (part / "graph.onnx").write_bytes(b"graph")
        (part / "more").mkdir()
        facts = {**LANE["compiled"], "sha256": hashlib.sha256(b"graph").hexdigest()}
        kept = compiled.keep(part, target, {**LANE, "compiled": facts})
    assert kept is not None
    assert kept["compiled"]["graph"] == str(target / "graph.onnx")
    assert sorted(path.name for path in target.iterdir()) == ["graph.onnx", "lane.json"]
    assert compiled.known(target) == kept
    (target / "graph.onnx").write_bytes(b"other")
    assert compiled.known(target) is None
    assert compiled.folder(tmp_path, "1", "digest", "lock", "xgboost") != target
