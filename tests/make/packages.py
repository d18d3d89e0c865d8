"""Model packages: real ones logged by MLflow, and malicious ones written by hand."""

from __future__ import annotations

import json
import pickle
import warnings
from pathlib import Path
from typing import Any


def a_classifier_package(folder: Path, form: str = "pickle") -> Path:
    """Train the quickstart's pipeline and save it as MLflow does, with signature and example."""
    import mlflow.sklearn
    from mlflow.models import infer_signature
    from sklearn.datasets import load_breast_cancer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rows, labels = load_breast_cancer(return_X_y=True, as_frame=True)
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(rows, labels)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mlflow.sklearn.save_model(
            model,
            str(folder),
            signature=infer_signature(rows, model.predict(rows)),
            input_example=rows.head(3),
            serialization_format=form,
            pip_requirements=["scikit-learn"],
            metadata={"example_prediction": model.predict(rows.head(3)).tolist()},
        )
    return folder


def a_pickled_package(folder: Path, model: Any, columns: list[str], row: list[float]) -> Path:
    """Write the package of any picklable estimator without importing MLflow."""
    folder.mkdir(parents=True)
    (folder / "model.pkl").write_bytes(pickle.dumps(model))
    example = {"columns": columns, "data": [row]}
    (folder / "input_example.json").write_text(json.dumps(example))
    inputs = [{"type": "double", "name": name, "required": True} for name in columns]
    mlmodel = {
        "flavors": {
            "python_function": {"loader_module": "mlflow.sklearn", "predict_fn": "predict"},
            "sklearn": {"pickled_model": "model.pkl", "serialization_format": "pickle"},
        },
        "saved_input_example_info": {"artifact_path": "input_example.json", "type": "dataframe"},
        "signature": {"inputs": json.dumps(inputs)},
    }
    (folder / "MLmodel").write_text(json.dumps(mlmodel))  # JSON is YAML
    return folder


def an_adding_package(folder: Path, number: float) -> Path:
    """Write an ONNX package that adds a number to x: a real model that loads in no time."""
    import onnx
    from onnx import TensorProto, helper

    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "number"], ["sum"])],
        "adding",
        [helper.make_tensor_value_info("x", TensorProto.DOUBLE, [None, 1])],
        [helper.make_tensor_value_info("sum", TensorProto.DOUBLE, [None, 1])],
        [helper.make_tensor("number", TensorProto.DOUBLE, [1], [number])],
    )
    opset = [helper.make_opsetid("", 17)]
    folder.mkdir(parents=True)
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), folder / "model.onnx")
    (folder / "input_example.json").write_text('{"columns": ["x"], "data": [[1.0], [2.0]]}')
    mlmodel = {
        "flavors": {
            "python_function": {"loader_module": "mlflow.onnx", "data": "model.onnx"},
            "onnx": {"data": "model.onnx"},
        },
        "saved_input_example_info": {"artifact_path": "input_example.json", "type": "dataframe"},
        "signature": {"inputs": json.dumps([{"type": "double", "name": "x", "required": True}])},
        "metadata": {"example_prediction": [1.0 + number, 2.0 + number]},
    }
    (folder / "MLmodel").write_text(json.dumps(mlmodel))
    return folder


def an_image_package(folder: Path) -> Path:
    """Write an ONNX package that gives the mean of each channel of an 8 x 6 picture."""
    import onnx
    from onnx import TensorProto, helper

    graph = helper.make_graph(
        [helper.make_node("ReduceMean", ["x"], ["mean"], axes=[1, 2], keepdims=0)],
        "brightness",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 8, 6, 3])],
        [helper.make_tensor_value_info("mean", TensorProto.FLOAT, [None, 3])],
    )
    opset = [helper.make_opsetid("", 17)]
    folder.mkdir(parents=True)
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), folder / "model.onnx")
    tensor = {"dtype": "float32", "shape": [-1, 8, 6, 3]}
    inputs = [{"type": "tensor", "name": "x", "tensor-spec": tensor}]
    mlmodel = {
        "flavors": {
            "python_function": {"loader_module": "mlflow.onnx", "data": "model.onnx"},
            "onnx": {"data": "model.onnx"},
        },
        "signature": {"inputs": json.dumps(inputs)},
    }
    (folder / "MLmodel").write_text(json.dumps(mlmodel))
    return folder


class Runs:
    """Pickles to a call of `exec`: what a malicious model does the moment it is loaded."""

    def __init__(self, code: str, how: Any = exec) -> None:
        self.code, self.how = code, how

    def __reduce__(self) -> tuple[Any, ...]:
        return self.how, (self.code,)


def a_sleepy_package(folder: Path) -> Path:
    """Write a package that answers x with x, but sleeps three seconds over 9."""
    think = "__import__('time').sleep(3 if float(f['x'].iloc[0]) == 9 else 0)"
    code = f"__import__('types').SimpleNamespace(predict=lambda f: {think} or f['x'].tolist())"
    return a_pickled_package(folder, Runs(code, eval), ["x"], [1.0])


def a_malicious_package(folder: Path, code: str) -> Path:
    """Write a package whose pickle runs `code` when it is loaded."""
    return a_pickled_package(folder, Runs(code), ["x"], [1.0])


def a_code_package(folder: Path, code: str) -> Path:
    """Write a package whose code defines `predict(rows)` over plain arrays, when it is loaded."""
    whole = f"{code}\nmade = __import__('types').SimpleNamespace(predict=predict)\n"
    made = f"(lambda names: (exec({whole!r}, names), names['made'])[1])({{}})"
    a_pickled_package(folder, Runs(made, eval), ["x"], [1.0])
    mlmodel = json.loads((folder / "MLmodel").read_text())
    del mlmodel["signature"]
    mlmodel["saved_input_example_info"]["type"] = "ndarray"
    (folder / "input_example.json").write_text('{"inputs": [1.0]}')
    (folder / "MLmodel").write_text(json.dumps(mlmodel))
    return folder


def a_pyfunc_package(folder: Path, code: str, requirements: list[str]) -> Path:
    """Write a package whose model is a module: `code` defines `predict(frame)`. No pickle in it."""
    (folder / "code").mkdir(parents=True)
    loads = "\nclass Model:\n    predict = staticmethod(predict)\n\n"
    loads += "def _load_pyfunc(path):\n    return Model()\n"
    (folder / "code" / "its_own.py").write_text(code + loads)
    (folder / "weights.txt").write_text("1.0")
    (folder / "input_example.json").write_text('{"columns": ["x"], "data": [[1.0]]}')
    (folder / "requirements.txt").write_text("\n".join([*requirements, ""]))
    pyfunc = {"loader_module": "its_own", "code": "code", "data": "weights.txt"}
    mlmodel = {
        "flavors": {"python_function": pyfunc},
        "saved_input_example_info": {"artifact_path": "input_example.json", "type": "dataframe"},
        "signature": {"inputs": json.dumps([{"type": "double", "name": "x", "required": True}])},
    }
    (folder / "MLmodel").write_text(json.dumps(mlmodel))
    return folder
