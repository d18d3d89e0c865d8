"""Files that should not be served, each with what a scan must call it. Nothing here is harmful
unless somebody loads it."""

import gzip
import io
import os
import pickle
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper

BOMB = b"\0" * 150_000_000


class Calls:
    """Pickles as a call."""

    def __init__(self, *call: object) -> None:
        self.call = call

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return self.call[0], self.call[1:]  # type: ignore[return-value]


def pickled(*call: object, protocol: int = 4) -> Callable[[Path], None]:
    return lambda folder: _write(folder / "model.pkl", pickle.dumps(Calls(*call), protocol))


def raw(content: bytes, name: str = "model.pkl") -> Callable[[Path], None]:
    return lambda folder: _write(folder / name, content)


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def zipped(name: str, content: bytes = b"x", *, link: bool = False) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        with zipfile.ZipFile(folder / "data.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            if link:
                entry.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(entry, content)

    return make


def _directory(entries: int, *, size: int, offset: int = 0) -> bytes:
    """The end of a zip that says where its directory lies."""
    counts = (min(entries, 65535), min(entries, 65535))
    return b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, *counts, size, offset, 0)


def zip_of_many(folder: Path) -> None:
    entry = struct.pack("<4s4B4HL2L5H2L", b"PK\x01\x02", *[0] * 11, 1, *[0] * 6) + b"a"
    listed = entry * 50_001
    _write(folder / "many.zip", listed + _directory(50_001, size=len(listed)))


def zip_in_zip(depth: int) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        content, name = b"x", "core.txt"
        for _ in range(depth):
            packed = io.BytesIO()
            with zipfile.ZipFile(packed, "w") as archive:
                archive.writestr(name, content)
            content, name = packed.getvalue(), "inner.zip"
        _write(folder / "outer.bin", content)

    return make


def tarred(name: str, kind: bytes = tarfile.REGTYPE) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        with tarfile.open(folder / "data.tar", "w") as archive:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "/etc/passwd"
            archive.addfile(member)

    return make


def gzip_bomb(folder: Path) -> None:
    with gzip.open(folder / "data.gz", "wb", compresslevel=9) as file:
        file.write(BOMB)


def outside_graph(location: str, *, deep: bool = False) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        tensor = helper.make_tensor(
            "w", TensorProto.FLOAT, [1], np.ones(1, "float32").tobytes(), raw=True
        )
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        entry = tensor.external_data.add()
        entry.key, entry.value = "location", location
        x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
        y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])
        if deep:
            node = helper.make_node("Constant", [], ["y"], value=tensor)
            graph = helper.make_graph([node], "g", [x], [y])
        else:
            graph = helper.make_graph(
                [helper.make_node("Add", ["x", "w"], ["y"])], "g", [x], [y], [tensor]
            )
        _write(folder / "graph", helper.make_model(graph).SerializeToString())

    return make


def a_link(folder: Path) -> None:
    (folder / "weights").symlink_to("/etc/passwd")


def keras_lambda(folder: Path) -> None:
    with zipfile.ZipFile(folder / "net.keras", "w") as archive:
        layer = b'{"class_name":"Sequential","config":{"layers":[{"class_name":"Lambda"}]}}'
        archive.writestr("config.json", layer)
        archive.writestr("metadata.json", b"{}")
        archive.writestr("model.weights.h5", b"")


def torch_with_call(folder: Path) -> None:
    with zipfile.ZipFile(folder / "weights.safetensors", "w") as archive:
        archive.writestr("m/data.pkl", pickle.dumps(Calls(os.system, "touch never")))


def packed_call(folder: Path) -> None:
    import joblib

    joblib.dump(
        {"a": np.arange(5000), "b": Calls(os.system, "touch never")}, folder / "m", compress=3
    )


def after_an_array(folder: Path) -> None:
    import joblib

    joblib.dump([np.arange(5000), Calls(os.system, "touch never")], folder / "m.joblib")


def in_an_object_array(folder: Path) -> None:
    import joblib

    hidden = np.array([Calls(os.system, "touch never"), None], dtype=object)
    joblib.dump({"a": hidden}, folder / "m.joblib")


def second_pickle(folder: Path) -> None:
    _write(folder / "m.pt", pickle.dumps(1) + pickle.dumps(Calls(os.system, "touch never")))


def code_that_reaches(folder: Path) -> None:
    import cloudpickle

    def predict(rows: list[float]) -> int:
        import subprocess

        return subprocess.call(["true"])

    predict.__module__ = "__main__"
    _write(folder / "python_model.pkl", cloudpickle.dumps(predict))


# A name that is put together while loading: str.join gives "os.system".
_MADE = (
    b"\x80\x04\x8c\x08builtins\x8c\x03str\x93\x8c\x02os\x85R\x8c\x06system\x93\x8c\x04true\x85R."
)

BLOCKED: dict[str, Callable[[Path], None]] = {
    "os.system": pickled(os.system, "touch never"),
    "os.system, protocol 0": pickled(os.system, "touch never", protocol=0),
    "os.system, protocol 2": pickled(os.system, "touch never", protocol=2),
    "eval": pickled(eval, "open('never', 'w')"),
    "getattr": pickled(getattr, dict, "clear"),
    "a name made while loading": raw(_MADE),
    "an attribute of a known module": raw(b"\x80\x04\x8c\x05numpy\x8c\x09os.system\x93."),
    "numpy's runstring": raw(b"cnumpy.testing._private.utils\nrunstring\n(S'1'\n}tR."),
    "torch.hub": raw(b"ctorch.hub\nload\n(S'x'\ntR."),
    "an extension code": raw(b"\x80\x02\x82\x01."),
    "a call in a torch archive": torch_with_call,
    "a call in a packed joblib": packed_call,
    "a call after an array": after_an_array,
    "a call in an object array": in_an_object_array,
    "a call in a second pickle": second_pickle,
    "a zip bomb": zipped("zeros", BOMB),
    "a zip of too many": zip_of_many,
    "zips in zips": zip_in_zip(5),
    "a gzip bomb": gzip_bomb,
    "a zip that climbs": zipped("../../etc/cron.d/x"),
    "a zip with an absolute path": zipped("/etc/passwd"),
    "a zip with a drive": zipped("C:\\windows\\x"),
    "a zip with a link": zipped("link", b"/etc/passwd", link=True),
    "a tar that climbs": tarred("../x"),
    "a tar with a link": tarred("x", tarfile.SYMTYPE),
    "a tar with a device": tarred("x", tarfile.CHRTYPE),
    "a link": a_link,
    "ONNX data outside": outside_graph("../../etc/passwd"),
    "ONNX data at an absolute path": outside_graph("/etc/passwd"),
    "ONNX data outside, in a node": outside_graph("../x", deep=True),
}
SUSPICIOUS: dict[str, Callable[[Path], None]] = {
    "a package nobody knows": raw(b"cmy_company.models\nChurn\n(tR."),
    "a pickle that is cut off": raw(pickle.dumps([1, 2, 3])[:-2]),
    "code that reaches beyond numbers": code_that_reaches,
    "a Lambda layer": keras_lambda,
    "ONNX data that is missing": outside_graph("weights.bin"),
    "a damaged zip": raw(b"\0" * 60 + _directory(1, size=46), "x.pt"),
}
