"""Models of each framework, saved by the real MLflow, give MLflow's own predictions."""

import json
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.make.nodes import environment
from tests.make.packages import a_classifier_package

from modelyard_protocol.inference import Request
from modelyard_runtime.comparing import equal
from modelyard_runtime.engine import Engine
from modelyard_runtime.loading import Loaded, load

pytestmark = pytest.mark.filterwarnings("ignore")
FRAME = pd.DataFrame({"a": [0.5, 1.5, 2.5, 3.5], "b": [1.0, 0.0, 1.0, 0.0]})
LABELS = np.array([0, 1, 0, 1])


def saved(
    flavor: Any, folder: Path, model: Any, frame: pd.DataFrame = FRAME, **options: Any
) -> Path:
    from mlflow.models import infer_signature

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        flavor.save_model(
            path=str(folder),
            signature=infer_signature(frame, LABELS),
            input_example=frame,
            pip_requirements=["mlflow"],
            **model,
            **options,
        )
    return folder


def pyfunc_says(folder: Path, frame: pd.DataFrame = FRAME) -> Any:
    import mlflow.pyfunc

    return np.asarray(mlflow.pyfunc.load_model(str(folder)).predict(frame)).tolist()


def test_skops_file_is_loaded_without_mlflow(tmp_path: Path) -> None:
    folder = a_classifier_package(tmp_path / "skops", "skops")
    code = (
        "import sys, pathlib, modelyard_runtime.loading as l;"
        f"print(l.load(pathlib.Path('{folder}'), 'sklearn').predictions, 'mlflow' in sys.modules)"
    )
    line = [sys.executable, "-c", code]
    done = subprocess.run(line, env=environment(), capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[0, 0, 0] False"


def test_pipeline_that_selects_columns_by_name_gets_a_frame(tmp_path: Path) -> None:
    import mlflow.sklearn
    from sklearn.compose import ColumnTransformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    frame = FRAME.assign(city=["Oslo", "Rome", "Oslo", "Rome"])
    chosen = ColumnTransformer([("c", OneHotEncoder(), ["city"])], remainder="passthrough")
    model = make_pipeline(chosen, LogisticRegression()).fit(frame, LABELS)
    options = {"sk_model": model, "serialization_format": "cloudpickle"}
    folder = saved(mlflow.sklearn, tmp_path / "m", options, frame)
    assert load(folder, "sklearn").predictions == pyfunc_says(folder, frame)


def test_xgboost_model_predicts_as_pyfunc_does(tmp_path: Path) -> None:
    import mlflow.xgboost
    import xgboost

    model = xgboost.XGBClassifier(n_estimators=3).fit(FRAME, LABELS)
    folder = saved(mlflow.xgboost, tmp_path / "m", {"xgb_model": model})
    assert load(folder, "xgboost").predictions == pyfunc_says(folder)


def test_onnx_graph_predicts_what_its_estimator_predicted(tmp_path: Path) -> None:
    import mlflow.onnx
    from skl2onnx import to_onnx
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression().fit(FRAME.to_numpy(), LABELS)
    graph = to_onnx(model, FRAME.to_numpy(), options={"zipmap": False})
    folder = saved(mlflow.onnx, tmp_path / "m", {"onnx_model": graph})
    rows = load(folder, "onnx").predictions or []
    assert [row["label"] for row in rows] == model.predict(FRAME.to_numpy()).tolist()
    expected = model.predict_proba(FRAME.to_numpy()).tolist()
    assert equal([row["probabilities"] for row in rows], expected, 1e-5)


def test_pyfunc_that_looks_across_rows_is_not_batched(tmp_path: Path) -> None:
    import mlflow.pyfunc

    class Centred(mlflow.pyfunc.PythonModel):
        def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> Any:
            return (model_input["a"] - model_input["a"].mean()).to_numpy()

    folder = saved(mlflow.pyfunc, tmp_path / "m", {"python_model": Centred()})
    loaded = load(folder, "python")
    assert (loaded.predictions, loaded.model.engine) == ([-1.5, -0.5, 0.5, 1.5], "python")
    assert Engine(loaded).batches is False


class Doubling:
    """A model that fails on negative numbers, alone or in a batch."""

    engine = "test"

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def predict(self, request: Request) -> list[Any]:
        self.sizes.append(request.rows)
        if min(request.columns["a"]) < 0:
            raise ValueError("negative")
        return [value * 2 for value in request.columns["a"]]


def test_waiting_calls_are_predicted_together_and_a_bad_one_fails_alone(classifier: Path) -> None:
    from modelyard_protocol.package import Column, DType, Package, Signature
    from modelyard_runtime.engine import Call
    from modelyard_runtime.model import ModelDir

    signature = Signature(inputs=(Column(name="a", dtype=DType.double),))
    facts = dict.fromkeys(Package.model_fields) | {
        "flavors": (),
        "engine": "",
        "signature": signature,
    }
    directory = ModelDir(classifier, {}, Package(**facts))
    example = Request({"a": [1.0, 2.0]}, 2, True)
    model = Doubling()
    engine = Engine(Loaded(directory, model, example, None, 0.0, 0.0))
    model.sizes.clear()
    meta = {"skin": "invocations", "type": "", "id": "", "model": "", "version": 1, "max_rows": 9}
    calls = [Call(n, meta, b'{"inputs": {"a": [%d]}}' % n) for n in range(5)]
    answers = {number: (status, body) for number, status, _, body in engine.answer(calls)}
    assert (model.sizes, answers[4]) == ([5], (200, b'{"predictions":[8.0]}'))
    bad = [*calls, Call(9, meta, b'{"inputs": {"a": [-1]}}'), Call(8, meta, b"{")]
    statuses = {number: status for number, status, _, _ in engine.answer(bad)}
    assert statuses == {0: 200, 1: 200, 2: 200, 3: 200, 4: 200, 9: 500, 8: 422}
    assert json.loads(engine.answer(bad)[-1][3])["code"] == "inference.model_failed"
