"""Autologging of the libraries in the test environment; others: `make test-autolog`."""

import mlflow
import numpy as np
import pytest
import xgboost
from sklearn.model_selection import GridSearchCV
from sklearn.tree import DecisionTreeClassifier

pytestmark = pytest.mark.filterwarnings("ignore")  # the libraries' notes to each other
ROWS = np.random.default_rng(7).normal(size=(60, 3))
LABELS = (ROWS[:, 0] > 0).astype(int)


@pytest.fixture(autouse=True)
def without_looking_for_requirements(monkeypatch):
    """The client loads each model in a process of its own to see what it imports: too slow here."""
    monkeypatch.setenv("MLFLOW_REQUIREMENTS_INFERENCE_TIMEOUT", "1")


def finished(client, name):
    [run] = client.search_runs(["0"], f"attributes.run_name = '{name}'")
    assert run.info.status == "FINISHED"
    return run


def test_scikit_learn(client):
    mlflow.sklearn.autolog(silent=True)
    with mlflow.start_run(run_name="trees"):
        search = GridSearchCV(DecisionTreeClassifier(), {"max_depth": [1, 2]}, cv=2)
        search.fit(ROWS, LABELS)
    run = finished(client, "trees")
    assert run.data.params["best_max_depth"] in {"1", "2"}
    assert run.data.metrics["training_accuracy_score"] > 0.5
    assert run.inputs.dataset_inputs
    mine = f"tags.mlflow.parentRunId = '{run.info.run_id}'"
    assert len(client.search_runs(["0"], mine)) == 2
    [logged] = run.outputs.model_outputs[:1]
    model = mlflow.sklearn.load_model(f"models:/{logged.model_id}")
    assert model.predict(ROWS[:5]).shape == (5,)


def test_xgboost(client):
    mlflow.xgboost.autolog(silent=True)
    data = xgboost.DMatrix(ROWS, LABELS)
    with mlflow.start_run(run_name="boosted"):
        settings = {"objective": "binary:logistic", "max_depth": 2, "nthread": 1}
        xgboost.train(settings, data, 5, evals=[(data, "train")], verbose_eval=False)
    run = finished(client, "boosted")
    assert run.data.params["max_depth"] == "2"
    assert len(client.get_metric_history(run.info.run_id, "train-logloss")) == 5
    assert "feature_importance_weight.json" in {
        file.path for file in client.list_artifacts(run.info.run_id)
    }
    assert run.outputs.model_outputs
