"""Checks that the format detector recognises what the real libraries write.

The format tests make PyTorch, Keras and GGUF files by their containers, because those libraries are
too large for the test environment. This script installs them into a throw-away environment below
`.make/`, lets them write their files, and asks the detector: `python scripts/real_formats.py`.
Leave it out of continuous runs; repeat it when the detector or a library's major version changes.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
VENV = ROOT / ".make" / "formats-venv"
PACKAGES = ["torch==2.13.0", "keras", "safetensors", "gguf", "h5py", "numpy"]
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
}
WRITE = """
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


def main() -> int:
    """Write, detect, compare; give how many were not recognised."""
    python = VENV / "bin" / "python"
    if not python.is_file():
        uv = [str(ROOT / ".venv" / "bin" / "uv")]
        subprocess.run([*uv, "venv", "-q", "--python", sys.executable, VENV], check=True)
        subprocess.run([*uv, "pip", "install", "-q", "--python", python, *PACKAGES], check=True)
    sys.path[:0] = [str(ROOT / part / "src") for part in ("server", "protocol")]
    from modelyard_server.registry import formats, scanning

    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        wrote = subprocess.run(
            [python, "-c", WRITE, folder], check=True, stdout=subprocess.PIPE, text=True
        )
        print("Written by torch and keras", wrote.stdout.split("\n")[-2])
        for name, expected in EXPECTED.items():
            path = Path(folder) / name
            found = formats.detect(path).name
            alone = Path(folder) / "alone"
            alone.mkdir(exist_ok=True)
            path.rename(alone / name)
            verdict = scanning.scan(alone)
            (alone / name).unlink()
            wrong += found != expected
            mark = "" if found == expected else f"  expected {expected}"
            reasons = [f"{r.level} {r.says}" for r in verdict.reasons][:2]
            print(f"{name:22} {found:26} {verdict.verdict:10}{mark} {reasons}")
    return wrong


if __name__ == "__main__":
    sys.exit(main())
