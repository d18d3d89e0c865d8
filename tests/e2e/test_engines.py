"""Every engine end to end: logged by MLflow, deployed, and answering from a real node."""

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.make.installation import Installation, an_installation, wait_for
from tests.make.journey import Member, an_owner

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
ROW = {"width": 1.0, "height": 4.0}
REUSED = "Reused the platform's environment: it satisfies the lock exactly."
LOGS_FOUR_MODELS = """
import mlflow, numpy, onnx, pandas, xgboost
from mlflow.models import infer_signature
from skl2onnx import to_onnx
from sklearn.linear_model import LinearRegression

rows = pandas.DataFrame({"width": [1.0, 2.0, 3.0, 4.0], "height": [4.0, 3.0, 2.0, 8.0]})
target = [5.0, 5.0, 5.0, 12.0]
more = {"signature": infer_signature(rows, numpy.array(target)), "input_example": rows.head(2)}


class Adds(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return (model_input["width"] + model_input["height"]).tolist()


class AsksHumans(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        import humanize

        release, widths = humanize.__version__, model_input["width"]
        return [f"{release} {humanize.intcomma(int(width * 1000))}" for width in widths]


with mlflow.start_run():
    boosted = xgboost.XGBRegressor(n_estimators=4, max_depth=2).fit(rows, target)
    mlflow.xgboost.log_model(boosted, name="boosted", registered_model_name="boosted", **more)
    graph = to_onnx(LinearRegression().fit(rows, target), rows.to_numpy("float64"))
    mlflow.onnx.log_model(
        graph,
        name="graph",
        registered_model_name="graph",
        signature=infer_signature(rows.to_numpy(), numpy.array(target)),
        input_example=rows.head(2).to_numpy(),
    )
    mlflow.pyfunc.log_model(
        name="custom", python_model=Adds(), registered_model_name="custom", **more
    )
    mlflow.pyfunc.log_model(
        name="isolated",
        python_model=AsksHumans(),
        registered_model_name="isolated",
        signature=infer_signature(rows, ["a"]),
        input_example=rows.head(2),
        pip_requirements=["mlflow-skinny", "humanize==4.9.0", "pandas", "cloudpickle"],
    )
print("expected", float(boosted.predict(rows.head(1))[0]))
"""


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with an_installation(tmp_path_factory.mktemp("installation")) as made:
        yield made


@pytest.fixture(scope="module")
def owner(installation: Installation) -> Member:
    made = an_owner(installation)
    environment = {
        **os.environ,
        "MLFLOW_TRACKING_URI": installation.url,
        "MLFLOW_TRACKING_TOKEN": made.token,
    }
    done = subprocess.run(
        [sys.executable, "-c", LOGS_FOUR_MODELS],
        env=environment,
        cwd=installation.folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    (installation.folder / "expected").write_text(done.stdout.split("expected ")[1].split()[0])
    return made


@pytest.fixture(scope="module")
def deployments(owner: Member) -> dict[str, dict[str, Any]]:
    """All four at once, as their environments take the longest."""
    names = ("boosted", "graph", "custom", "isolated")
    asked = {
        name: owner.post(
            "/serving/deploy", {"model_id": owner.model(name)["id"], "use_auto_config": True}
        )
        for name in names
    }
    return {name: owner.until_live(made["id"], seconds=180) for name, made in asked.items()}


def _answer(owner: Member, deployment: dict[str, Any], body: Any, path: str = "/predict") -> Any:
    headers = {"Authorization": f"Bearer {owner.a_key(deployment['id'])}"}
    answer = httpx.post(deployment["url"] + path, json=body, headers=headers, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.json()["predictions"]


@pytest.mark.parametrize(
    ("name", "engine"), [("boosted", "xgboost"), ("graph", "onnx"), ("custom", "python")]
)
def test_models_of_the_platforms_own_libraries_run_in_its_environment(
    deployments: dict[str, dict[str, Any]], name: str, engine: str
) -> None:
    live = deployments[name]["live_revision"]

    assert live["config"]["engine"] == engine
    assert live["environment_note"] == REUSED
    assert {step["status"] for step in live["steps"]} == {"done"}


def test_xgboost_answers_what_it_answered_in_training(
    installation: Installation, owner: Member, deployments: dict[str, dict[str, Any]]
) -> None:
    expected = float((installation.folder / "expected").read_text())

    assert _answer(owner, deployments["boosted"], {"rows": [ROW]}) == pytest.approx([expected])


def test_an_onnx_graph_takes_tensors(owner: Member, deployments: dict[str, dict[str, Any]]) -> None:
    body = {"inputs": [[1.0, 4.0], [4.0, 8.0]]}

    found = _answer(owner, deployments["graph"], body, "/invocations")

    assert found == pytest.approx([5.0, 12.0], abs=1e-6)


def test_a_custom_python_model_answers(
    owner: Member, deployments: dict[str, dict[str, Any]]
) -> None:
    assert _answer(owner, deployments["custom"], {"rows": [ROW, ROW]}) == [5.0, 5.0]


def test_a_model_runs_with_the_very_versions_it_pins(
    installation: Installation, owner: Member, deployments: dict[str, dict[str, Any]]
) -> None:
    live = deployments["isolated"]["live_revision"]
    [built] = (installation.folder / "data/environments").glob("*/meta.json")

    assert _answer(owner, deployments["isolated"], {"rows": [ROW]}) == ["4.9.0 1,000"]
    assert live["environment_note"].startswith(f"Isolated environment {built.parent.name[:8]}")
    assert "humanize==4.9.0" in (built.parent / "lock.txt").read_text()


def test_second_deployment_of_an_isolated_model_takes_the_environment_from_the_cache(
    owner: Member, deployments: dict[str, dict[str, Any]]
) -> None:
    again = owner.deploy("isolated", name="isolated-again")

    assert again["live_revision"]["environment_note"].endswith("from the cache.")


def test_a_keys_last_use_is_shown_within_seconds(
    owner: Member, deployments: dict[str, dict[str, Any]]
) -> None:
    address = f"/deployments/{deployments['custom']['id']}/keys"
    _answer(owner, deployments["custom"], {"rows": [ROW]})

    wait_for(
        lambda: owner.get(address)[0]["last_used_at"] is not None,
        5,
        lambda: str(owner.get(address)),
    )
