"""Wrong input on MLflow's addresses is refused in MLflow's shape, and no failure of ours."""

import pytest

from .seeds import World


@pytest.fixture(params=["sqlite", "postgres"])
def world(request):
    return World.new(request.getfixturevalue(f"{request.param}_platform"))


@pytest.mark.parametrize("number", [2**63, -(10**30), "9" * 400])
def test_numbers_that_fit_no_column(world, number):
    run, model = world["run_id"], world["logged-models/model_id"]
    for path, body in (
        ("runs/create", {"experiment_id": "0", "start_time": number}),
        ("runs/update", {"run_id": run, "status": "FINISHED", "end_time": number}),
        ("runs/outputs", {"run_id": run, "models": [{"model_id": model, "step": number}]}),
        (
            "runs/log-metric",
            {"run_id": run, "key": "a", "value": 1, "timestamp": 1, "step": number},
        ),
        ("traces", {"experiment_id": "0", "timestamp_ms": number}),
    ):
        answer = world.http.post(f"/api/2.0/mlflow/{path}", json=body)
        assert answer.status_code == 400, f"{path}: {answer.text}"
        assert answer.json()["error_code"] == "INVALID_PARAMETER_VALUE"
