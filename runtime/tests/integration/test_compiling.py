"""Real models are compiled and proven; what cannot be proven is served by the original."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.make.packages import an_image_package

from modelyard_runtime.compiling import judging, probes
from modelyard_runtime.compiling.converters import candidates
from modelyard_runtime.compiling.errors import NotConvertible
from modelyard_runtime.fast.sessions import Graph, open_session
from modelyard_runtime.loading import Loaded, load

pytestmark = pytest.mark.filterwarnings("ignore")
CHANCE = np.random.default_rng(3)
FRAME = pd.DataFrame(CHANCE.normal(size=(80, 3)) * [1, 50, 1e-3], columns=["a", "b c", "d"])
LABELS = (FRAME["a"] + FRAME["b c"] / 40 > 0).astype(int)
MIXED = FRAME.assign(city=["Oslo", "Rome", "Bonn", "Rome"] * 20)


@pytest.fixture(autouse=True)
def times(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let both engines run in the race once; what it says of their times (graph, original) is set.

    A busy machine would decide it otherwise.
    """
    told = [1.0, 2.0]

    def raced(*functions: Callable[[], None]) -> list[float]:
        for function in functions:
            function()
        return told

    monkeypatch.setattr(judging, "_shortest_ms", raced)
    return told


def saved(flavor: Any, engine: str, folder: Path, model: Any, frame: pd.DataFrame) -> Loaded:
    from mlflow.models import infer_signature

    options = {"serialization_format": "cloudpickle"} if engine == "sklearn" else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        flavor.save_model(
            model,
            str(folder),
            signature=infer_signature(frame, np.array([0])),
            input_example=frame.head(3),
            pip_requirements=["mlflow"],
            **options,
        )
    return load(folder, engine)


def sklearn_model(kind: str) -> tuple[Any, pd.DataFrame]:
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    def mixed(unknown: str) -> Any:
        encoder = OneHotEncoder(handle_unknown=unknown)
        chosen = ColumnTransformer(
            [("c", encoder, ["city"]), ("n", StandardScaler(), ["a", "b c"])]
        )
        return make_pipeline(chosen, LogisticRegression()).fit(MIXED, LABELS)

    match kind:
        case "linear":
            return make_pipeline(StandardScaler(), LogisticRegression()).fit(FRAME, LABELS), FRAME
        case "regression":
            return Ridge().fit(FRAME, FRAME["a"]), FRAME
        case "forest":
            return RandomForestClassifier(10, random_state=0).fit(FRAME, LABELS), FRAME
        case "texts":
            return LogisticRegression().fit(FRAME, np.where(LABELS, "yes", "no")), FRAME
        case "categories":
            return mixed("ignore"), MIXED
        case _:
            return mixed("error"), MIXED


@pytest.mark.parametrize("kind", ["linear", "regression", "forest", "texts", "categories"])
def test_scikit_learn_model_answers_every_probe_by_its_graph(tmp_path: Path, kind: str) -> None:
    import mlflow.sklearn

    model, frame = sklearn_model(kind)
    loaded = saved(mlflow.sklearn, "sklearn", tmp_path / "m", model, frame)
    verdict = judging.compile_model(loaded)
    assert verdict.facts["probes"] > 100
    assert verdict.facts["max_difference"] < 1e-5
    graph = Graph(
        open_session(verdict.content), verdict.compiled, loaded.directory.package.signature
    )
    assert loaded.example is not None
    assert graph.of_request(loaded.example) == pytest.approx(loaded.predictions)


def test_original_that_is_faster_with_its_hop_answers_itself(
    tmp_path: Path, times: list[float]
) -> None:
    import mlflow.sklearn
    from sklearn.linear_model import LinearRegression

    model = LinearRegression().fit(FRAME, LABELS)
    loaded = saved(mlflow.sklearn, "sklearn", tmp_path / "m", model, FRAME)
    times[:] = [1.1, 1.0]
    assert judging.compile_model(loaded).facts["race"]["graph_1_ms"] == 1.1
    times[:] = [1.3, 1.0]
    with pytest.raises(NotConvertible, match="the original is faster for single rows"):
        judging.compile_model(loaded)


@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
@pytest.mark.parametrize("task", ["classes", "numbers", "booster"])
def test_boosted_trees_are_the_same_on_their_thresholds(
    tmp_path: Path, library: str, task: str
) -> None:
    import lightgbm
    import mlflow.lightgbm
    import mlflow.xgboost
    import xgboost

    flavor: Any = {"xgboost": mlflow.xgboost, "lightgbm": mlflow.lightgbm}[library]
    quiet = {"verbose": -1} if library == "lightgbm" else {}
    if task == "booster" and library == "xgboost":
        settings = {"objective": "binary:logistic"}
        model: Any = xgboost.train(settings, xgboost.DMatrix(FRAME, LABELS), 8)
    elif task == "booster":
        model = lightgbm.train({"objective": "binary", **quiet}, lightgbm.Dataset(FRAME, LABELS), 8)
    elif task == "classes":
        kind = xgboost.XGBClassifier if library == "xgboost" else lightgbm.LGBMClassifier
        model = kind(n_estimators=8, **quiet).fit(FRAME, LABELS)
    else:
        kind = xgboost.XGBRegressor if library == "xgboost" else lightgbm.LGBMRegressor
        model = kind(n_estimators=8, **quiet).fit(FRAME, FRAME["a"])
    loaded = saved(flavor, library, tmp_path / "m", model, FRAME)
    assert loaded.model.engine == library
    verdict = judging.compile_model(loaded)
    assert verdict.facts["max_difference"] < 2e-5


def test_model_that_refuses_what_a_graph_would_answer_is_not_compiled(tmp_path: Path) -> None:
    import mlflow.sklearn

    model, frame = sklearn_model("strict categories")
    loaded = saved(mlflow.sklearn, "sklearn", tmp_path / "m", model, frame)
    with pytest.raises(NotConvertible, match="refuses some rows"):
        judging.compile_model(loaded)


def test_graph_of_another_model_is_found_out(tmp_path: Path, monkeypatch: Any) -> None:
    import mlflow.sklearn
    from sklearn.linear_model import LogisticRegression

    right = saved(
        mlflow.sklearn, "sklearn", tmp_path / "a", LogisticRegression().fit(FRAME, LABELS), FRAME
    )
    other = LogisticRegression(C=0.01).fit(FRAME, LABELS)
    wrong = saved(mlflow.sklearn, "sklearn", tmp_path / "b", other, FRAME)
    monkeypatch.setattr(judging, "candidates", lambda _: candidates(wrong))
    with pytest.raises(NotConvertible, match="the original says"):
        judging.compile_model(right)


def test_pyfunc_says_that_no_graph_can_hold_it(tmp_path: Path) -> None:
    import mlflow.pyfunc

    class Own(mlflow.pyfunc.PythonModel):
        def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> Any:
            return model_input["a"].to_numpy()

    from mlflow.models import infer_signature

    folder = tmp_path / "m"
    signature = infer_signature(FRAME, np.array([0.0]))
    mlflow.pyfunc.save_model(
        str(folder), python_model=Own(), signature=signature, input_example=FRAME.head(2)
    )
    with pytest.raises(NotConvertible, match="Python code"):
        judging.compile_model(load(folder, "python"))


def test_a_graph_of_tensors_says_that_the_lane_takes_columns(tmp_path: Path) -> None:
    with pytest.raises(NotConvertible, match="takes tensors"):
        judging.compile_model(load(an_image_package(tmp_path / "package"), "onnx"))


def test_probes_hold_thresholds_extremes_and_gaps(tmp_path: Path) -> None:
    import mlflow.sklearn
    from sklearn.tree import DecisionTreeClassifier

    tree = DecisionTreeClassifier(max_depth=1).fit(FRAME, LABELS)
    loaded = saved(mlflow.sklearn, "sklearn", tmp_path / "m", tree, FRAME)
    threshold, feature = tree.tree_.threshold[0], list(FRAME)[tree.tree_.feature[0]]
    asked = probes.rows(loaded)
    values = asked.columns[feature]
    assert {threshold, np.nextafter(threshold, np.inf), 1e12} <= set(values)
    assert probes.rows(loaded).columns == asked.columns
