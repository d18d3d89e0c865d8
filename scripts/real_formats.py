"""Checks that the format detector recognises what the real libraries write.

The format tests make PyTorch, Keras, TensorFlow and GGUF files by their containers, because those
libraries are too large for the test environment. This script installs them into throw-away
environments below `.make/`, lets them write their files, and asks the detector:
`python scripts/real_formats.py [torch] [tensorflow]`, without a word both. Leave it out of
continuous runs; repeat it when the detector or a library's major version changes.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = {
    "torch": ["torch==2.13.0", "keras", "safetensors", "gguf", "h5py", "numpy"],
    "tensorflow": ["tensorflow-cpu==2.21.0"],
}
EXPECTED = {
    "torch-state-dict": "pytorch/state",
    "torch-module": "pytorch/state",
    "torch-state-dict-old": "pytorch/pickle",
    "torchscript": "pytorch/torchscript",
    "torchscript-traced": "pytorch/torchscript",
    "torch-export": "pytorch/export",
    "keras-v3": "keras/v3",
    "keras-hdf5": "keras/hdf5",
    "keras-weights": "opaque",  # weights alone are no model
    "safetensors-torch": "safetensors/safetensors",
    "gguf": "gguf/gguf",
    "tensorflow-module": "tensorflow/saved_model",
    "tensorflow-keras": "tensorflow/saved_model",
    "tensorflow-keras-v3": "keras/v3",
}
WRITE_TENSORFLOW = """
import os, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
from pathlib import Path
import tensorflow as tf
import keras

out = Path(sys.argv[1])
class Doubles(tf.Module):
    def __init__(self):
        self.twice = tf.Variable([2.0, 2.0])
    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32)])
    def __call__(self, rows):
        return rows * self.twice
tf.saved_model.save(Doubles(), str(out / "tensorflow-module"))
model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(2)])
model.export(str(out / "tensorflow-keras"))
model.save(out / "m.keras")
(out / "m.keras").rename(out / "tensorflow-keras-v3")
print(tf.__version__, keras.__version__)
"""
WRITE_TORCH = """
import os, sys
os.environ["KERAS_BACKEND"] = "torch"
from pathlib import Path
import numpy as np
import torch

out = Path(sys.argv[1])
net = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2)).eval()
example = torch.ones(1, 4)
torch.save(net.state_dict(), out / "torch-state-dict")
torch.save(net, out / "torch-module")
torch.save(net.state_dict(), out / "torch-state-dict-old", _use_new_zipfile_serialization=False)
torch.jit.save(torch.jit.script(net), str(out / "torchscript"))
torch.jit.save(torch.jit.trace(net, example), str(out / "torchscript-traced"))
torch.export.save(torch.export.export(net, (example,)), str(out / "torch-export.pt2"))
(out / "torch-export.pt2").rename(out / "torch-export")

import keras
model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(2)])
for name, written in (("keras-v3", "m.keras"), ("keras-hdf5", "m.h5")):
    model.save(out / written)
    (out / written).rename(out / name)
model.save_weights(out / "m.weights.h5")
(out / "m.weights.h5").rename(out / "keras-weights")

from safetensors.torch import save_file
save_file(dict(net.state_dict()), out / "safetensors-torch")

import gguf
writer = gguf.GGUFWriter(str(out / "gguf"), "llama")
writer.add_block_count(1)
writer.add_tensor("token_embd.weight", np.ones((4, 4), dtype=np.float32))
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
print(torch.__version__, keras.__version__)
"""


WRITE = {"torch": WRITE_TORCH, "tensorflow": WRITE_TENSORFLOW}


def written(library: str, folder: Path) -> None:
    """Let a library write its files, from an environment that is made when it is missing."""
    venv = ROOT / ".make" / f"formats-{library}"
    python = venv / "bin" / "python"
    if not python.is_file():
        uv = [str(ROOT / ".venv" / "bin" / "uv")]
        subprocess.run([*uv, "venv", "-q", "--python", sys.executable, venv], check=True)
        install = [*uv, "pip", "install", "-q", "--python", python, *PACKAGES[library]]
        subprocess.run(install, check=True)
    argv = [python, "-c", WRITE[library], folder]
    wrote = subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True)
    print(f"Written by {library} and Keras", wrote.stdout.split("\n")[-2])


def main() -> int:
    """Write, detect, compare; give how many were not recognised."""
    sys.path[:0] = [str(ROOT / part / "src") for part in ("server", "protocol")]
    from modelyard_server.registry import formats, scanning

    wrong = 0
    for library in sys.argv[1:] or list(WRITE):
        with tempfile.TemporaryDirectory() as made:
            written(library, Path(made))
            for path in sorted(Path(made).iterdir()):
                expected = EXPECTED[path.name]
                alone = Path(made) / "alone"
                alone.mkdir()
                path.rename(alone / path.name)
                folder = alone / path.name if (alone / path.name).is_dir() else alone
                found, verdict = formats.detect_folder(folder)[0], scanning.scan(folder)
                shutil.rmtree(alone)
                wrong += found.name != expected
                mark = "" if found.name == expected else f"  expected {expected}"
                reasons = [f"{r.level} {r.says}" for r in verdict.reasons][:2]
                print(f"{path.name:22} {found.name:24} {verdict.verdict:10}{mark} {reasons}")
                print(f"{'':22} {found.evidence}")
    return wrong


if __name__ == "__main__":
    sys.exit(main())
