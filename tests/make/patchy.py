"""Trains the model that known rows are replayed to; some of its measurements may be missing.

Run by path, as a user runs the files of `examples/`.
"""

from __future__ import annotations

import mlflow
import numpy as np
import pandas as pd
from mlflow.data.pandas_dataset import from_pandas
from mlflow.models import infer_signature
from sklearn.datasets import load_breast_cancer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

NAME = "patchy"
PATCHY = (1, 7)
"""The columns with gaps."""
GAPS = 0.05


def training_rows() -> pd.DataFrame:
    """Give what it is trained with: the baseline of drift."""
    inputs = load_breast_cancer(as_frame=True).data
    random = np.random.default_rng(5)
    for at in PATCHY:
        inputs.iloc[random.random(len(inputs)) < GAPS, at] = np.nan
    return inputs


def main() -> None:
    """Train and register it."""
    inputs = training_rows()
    target = load_breast_cancer(as_frame=True).target
    model = make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression(max_iter=1000))
    model.fit(inputs, target)
    predicted = model.predict(inputs)
    with mlflow.start_run(run_name=NAME):
        mlflow.log_input(from_pandas(inputs, name=f"{NAME}-train"), context="training")
        table = inputs.assign(prediction=predicted)
        mlflow.log_table(table, f"datasets/{NAME}-train.json")
        mlflow.sklearn.log_model(
            model,
            name="model",
            signature=infer_signature(inputs, predicted),
            input_example=inputs.head(3),
            skops_trusted_types=["numpy.dtype"],
            registered_model_name=NAME,
        )


if __name__ == "__main__":
    main()
