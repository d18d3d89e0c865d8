"""Model files of every format: by the real library where it is small, else by its container.

The containers follow what the libraries write: a `torch.save` archive has `<name>/data.pkl`,
`<name>/version` and raw tensors below `<name>/data/`; TorchScript adds `code/` and `constants.pkl`;
`torch.export` writes `archive_format` and JSON programs; Keras 3 writes `config.json`,
`metadata.json` and `model.weights.h5`; a SavedModel is a message of `saved_model.proto` beside a
checkpoint whose index is a sorted table; GGUF starts with its mark, a version and two counts.
`scripts/real_formats.py` compares this with files that the libraries wrote.
"""

import json
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROWS = [[0.0, 1.0], [1.0, 0.0], [2.0, 1.0], [3.0, 0.0]] * 10
LABELS = [0, 0, 1, 1] * 10


def _archive(path: Path, entries: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def _linear() -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression().fit(ROWS, LABELS)


def sklearn_pickle(folder: Path) -> Path:
    (folder / "model.bin").write_bytes(pickle.dumps(_linear()))
    return folder / "model.bin"


def sklearn_joblib(folder: Path) -> Path:
    import joblib

    joblib.dump(_linear(), folder / "a-model")
    return folder / "a-model"


def sklearn_joblib_packed(folder: Path) -> Path:
    import joblib

    joblib.dump(_linear(), folder / "packed", compress=3)
    return folder / "packed"


def sklearn_skops(folder: Path) -> Path:
    import skops.io

    skops.io.dump(_linear(), folder / "model.dat")
    return folder / "model.dat"


def _boosted() -> Any:
    import xgboost

    return xgboost.XGBClassifier(n_estimators=2, max_depth=1).fit(ROWS, LABELS)


def xgboost_ubj(folder: Path) -> Path:
    _boosted().save_model(folder / "m.ubj")
    return (folder / "m.ubj").rename(folder / "weights")


def xgboost_json(folder: Path) -> Path:
    _boosted().save_model(folder / "m.json")
    return (folder / "m.json").rename(folder / "model.txt")


def lightgbm_text(folder: Path) -> Path:
    import lightgbm
    import numpy as np

    data = lightgbm.Dataset(np.array(ROWS), LABELS, params={"verbose": -1})
    small = {"verbose": -1, "num_threads": 1, "min_data_in_leaf": 1, "num_leaves": 3}
    lightgbm.train(small, data, num_boost_round=1).save_model(str(folder / "model.bin"))
    return folder / "model.bin"


def onnx_graph(folder: Path) -> Path:
    import numpy as np
    from skl2onnx import to_onnx

    graph = to_onnx(_linear(), np.array(ROWS, dtype="float32"))
    (folder / "model.pb").write_bytes(graph.SerializeToString())
    return folder / "model.pb"


def safetensors_file(folder: Path) -> Path:
    import numpy as np
    from safetensors.numpy import save_file

    save_file({"weight": np.ones((2, 2), dtype="float32")}, folder / "pytorch_model.bin")
    return folder / "pytorch_model.bin"


def torch_state(folder: Path) -> Path:
    state = b"\x80\x02ccollections\nOrderedDict\nq\x00)Rq\x01."
    entries = {"m/data.pkl": state, "m/version": b"3\n", "m/data/0": b"\0" * 16}
    return _archive(folder / "weights.bin", entries)


def torchscript(folder: Path) -> Path:
    entries = {
        "m/data.pkl": b"\x80\x02ctorch.jit._pickle\nrestore_type_tag\nq\x00"
        b"c__torch__\nNet\nq\x01)\x81}b.",
        "m/constants.pkl": b"\x80\x02).",
        "m/code/__torch__.py": b"class Net(Module):\n  pass\n",
        "m/version": b"3\n",
    }
    return _archive(folder / "net", entries)


def torch_export(folder: Path) -> Path:
    entries = {
        "m/archive_format": b"pt2",
        "m/models/model.json": b"{}",
        "m/data/weights/model.pt": b"",
    }
    return _archive(folder / "net.zip", entries)


def keras_v3(folder: Path) -> Path:
    entries = {
        "config.json": json.dumps({"class_name": "Sequential", "config": {}}).encode(),
        "metadata.json": b'{"keras_version": "3.9.0"}',
        "model.weights.h5": b"\x89HDF\r\n\x1a\n",
    }
    return _archive(folder / "net", entries)


def _field(number: int, value: int | bytes | str) -> bytes:
    """Write a field of a protobuf message: a number, or the bytes of a text or message."""
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    content = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    head = bytearray()
    while value > 0x7F:
        head.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*head, value])


def tensorflow_saved_model(folder: Path) -> Path:
    """Write `y = x` as TensorFlow 2 saves a module: graph, signature, checkpoint, fingerprint."""
    floats, row = 1, _field(2, _field(1, (1 << 64) - 1)) + _field(2, _field(1, 4))  # (-1, 4)
    known = _field(5, _field(1, "dtype") + _field(2, _field(6, floats)))
    x, y = "serving_default_x", "StatefulPartitionedCall"
    nodes = _field(1, _field(1, x) + _field(2, "Placeholder") + known)
    nodes += _field(1, _field(1, y) + _field(2, "Identity") + _field(3, x))
    graph = nodes + _field(4, _field(1, 1987))
    info = _field(4, "serve") + _field(5, "2.21.0") + _field(6, "unknown") + _field(7, 1)
    taken = _field(1, f"{x}:0") + _field(2, floats) + _field(3, row)
    given = _field(1, f"{y}:0") + _field(2, floats) + _field(3, row)
    called = _field(1, _field(1, "x") + _field(2, taken))
    called += _field(2, _field(1, "output_0") + _field(2, given))
    called += _field(3, "tensorflow/serving/predict")
    signature = _field(5, _field(1, "serving_default") + _field(2, called))
    signature += _field(5, _field(1, "__saved_model_init_op") + _field(2, b""))
    meta = _field(1, info) + _field(2, graph) + signature
    (folder / "assets").mkdir()
    (folder / "variables").mkdir()
    index = b"\0\0\0\0\1\0\0\0\0" + b"\0" * 40 + struct.pack("<Q", 0xDB4775248B80FB57)
    (folder / "variables" / "variables.index").write_bytes(index)
    weights = struct.pack("<4f", 0.25, -1.5, 3.0, 0.5)
    (folder / "variables" / "variables.data-00000-of-00001").write_bytes(weights)
    print_of = b"".join(_field(number, 2**63 + number) for number in range(1, 6))
    (folder / "fingerprint.pb").write_bytes(print_of + _field(6, _field(1, 1)))
    (folder / "saved_model.pb").write_bytes(_field(1, 1) + _field(2, meta))
    return folder / "saved_model.pb"


def gguf(folder: Path) -> Path:
    (folder / "llm").write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 0, 0))
    return folder / "llm"


def mlflow_package(folder: Path) -> Path:
    (folder / "MLmodel").write_text("flavors: {python_function: {loader_module: mlflow.sklearn}}")
    return folder / "MLmodel"


def custom_python(folder: Path) -> Path:
    import cloudpickle

    class Doubles:
        def predict(self, rows: list[float]) -> list[float]:
            return [2 * row for row in rows]

    Doubles.__module__ = "__main__"
    (folder / "python_model").write_bytes(cloudpickle.dumps(Doubles()))
    return folder / "python_model"


def nothing_known(folder: Path) -> Path:
    (folder / "model.onnx").write_bytes(b"\x13\x37 not a model")
    return folder / "model.onnx"


FORMATS: dict[str, Callable[[Path], Path]] = {
    "sklearn/pickle": sklearn_pickle,
    "sklearn/joblib": sklearn_joblib,
    "sklearn/joblib packed": sklearn_joblib_packed,
    "sklearn/skops": sklearn_skops,
    "xgboost/ubj": xgboost_ubj,
    "xgboost/json": xgboost_json,
    "lightgbm/text": lightgbm_text,
    "onnx/onnx": onnx_graph,
    "safetensors/safetensors": safetensors_file,
    "pytorch/state": torch_state,
    "pytorch/torchscript": torchscript,
    "pytorch/export": torch_export,
    "keras/v3": keras_v3,
    "tensorflow/saved_model": tensorflow_saved_model,
    "gguf/gguf": gguf,
    "mlflow/package": mlflow_package,
    "python/pickle": custom_python,
    "opaque": nothing_known,
}
