"""Autologging of heavy libraries, each in a program of its own: `make test-autolog`.

Their environment lies in `.make/autolog` and is thrown away with it.
"""

import os
import subprocess
from pathlib import Path

import pytest

PYTHON = Path(__file__).parents[3] / ".make/autolog/bin/python"
LIGHTGBM = """
import lightgbm, mlflow, numpy as np
mlflow.lightgbm.autolog()
x = np.random.default_rng(1).normal(size=(200, 3)); y = (x[:, 0] > 0).astype(int)
data = lightgbm.Dataset(x, y)
with mlflow.start_run(run_name="lightgbm"):
    lightgbm.train(
        {"objective": "binary", "num_leaves": 4, "verbose": -1, "num_threads": 1, "metric": "auc"},
        data, 5, valid_sets=[data], valid_names=["train"],
    )
"""
PYTORCH = """
import lightning, mlflow, torch
mlflow.pytorch.autolog()
class Line(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(2, 1)
    def forward(self, x):
        return self.layer(x)
    def training_step(self, batch, _):
        x, y = batch
        loss = torch.nn.functional.mse_loss(self(x), y)
        self.log("train_loss", loss, on_epoch=True)
        return loss
    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)
x = torch.randn(32, 2)
rows = torch.utils.data.TensorDataset(x, x.sum(1, keepdim=True))
quiet = {"enable_progress_bar": False, "logger": False, "enable_checkpointing": False}
with mlflow.start_run(run_name="pytorch"):
    lightning.Trainer(max_epochs=3, accelerator="cpu", enable_model_summary=False, **quiet).fit(
        Line(), torch.utils.data.DataLoader(rows, batch_size=8)
    )
"""
KERAS = """
import os
os.environ["KERAS_BACKEND"] = "torch"
import keras, mlflow, numpy as np
mlflow.keras.autolog()
x = np.random.default_rng(1).normal(size=(64, 3)); y = x.sum(1)
with mlflow.start_run(run_name="keras"):
    net = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(1)])
    net.compile("sgd", "mse")
    net.fit(x, y, epochs=3, verbose=0)
"""


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("name", "program", "metric", "param"),
    [
        ("lightgbm", LIGHTGBM, "train-auc", "num_leaves"),
        ("pytorch", PYTORCH, "train_loss", "epochs"),
        ("keras", KERAS, "loss", "epochs"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_a_framework_logs_by_itself(live, client, tmp_path, name, program, metric, param):
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "MLFLOW_TRACKING_URI": live.url,
        "MLFLOW_TRACKING_TOKEN": live.token,
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
        "GIT_PYTHON_REFRESH": "quiet",
        "MLFLOW_REQUIREMENTS_INFERENCE_TIMEOUT": "1",  # else each model is loaded once more
    }
    ran = subprocess.run(
        [PYTHON, "-c", program],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-4000:]
    [run] = client.search_runs(["0"], f"attributes.run_name = '{name}'")
    assert run.info.status == "FINISHED"
    assert param in run.data.params, run.data.params
    assert len(client.get_metric_history(run.info.run_id, metric)) >= 3, run.data.metrics
    [logged] = run.outputs.model_outputs[:1]
    assert client.get_logged_model(logged.model_id).status == "READY"
    assert "MLmodel" in {file.path for file in client.list_logged_model_artifacts(logged.model_id)}
