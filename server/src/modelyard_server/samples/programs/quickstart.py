"""Train, log and register a breast-cancer classifier with the plain MLflow client.

    export MLFLOW_TRACKING_URI=http://localhost:8080 MLFLOW_TRACKING_TOKEN=...
    python examples/quickstart.py

Run it again with another regularisation (`--C 0.01`) for a second version.
"""

import argparse
import time

import mlflow
import pandas as pd
from mlflow.data.pandas_dataset import from_pandas
from mlflow.models import infer_signature
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

TARGET = "benign"


def load() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give training and test rows: 30 measurements of a cell image and whether it was benign."""
    table = load_breast_cancer(as_frame=True).frame.rename(columns={"target": TARGET})
    train, test = train_test_split(table, test_size=0.25, random_state=7, stratify=table[TARGET])
    return train, test


def log_learning_curve(c: float, train: pd.DataFrame, test: pd.DataFrame) -> None:
    """Log how the loss falls with more training rows: one point a step."""
    for step, share in enumerate((0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)):
        part = train.sample(frac=share, random_state=step)
        model = make_pipeline(StandardScaler(), LogisticRegression(C=c, max_iter=1000))
        model.fit(part.drop(columns=TARGET), part[TARGET])
        loss = log_loss(test[TARGET], model.predict_proba(test.drop(columns=TARGET)))
        mlflow.log_metric("test_log_loss", loss, step=step)


def main() -> None:
    """Train one model and register it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--C", type=float, default=1.0, help="inverse strength of regularisation")
    parser.add_argument("--name", default="breast-cancer", help="name in the registry")
    parser.add_argument("--experiment", default="breast-cancer")
    options = parser.parse_args()

    started = time.monotonic()
    train, test = load()
    inputs = train.drop(columns=TARGET)
    mlflow.set_experiment(options.experiment)

    with mlflow.start_run(run_name=f"logistic-regression-C-{options.C:g}") as run:
        log_learning_curve(options.C, train, test)
        mlflow.autolog(log_models=False, log_datasets=False, silent=True)

        # The training data becomes the drift baseline of everything deployed from this run.
        dataset = from_pandas(train, name="breast-cancer-train", targets=TARGET)
        mlflow.log_input(dataset, context="training")

        model = make_pipeline(StandardScaler(), LogisticRegression(C=options.C, max_iter=1000))
        model.fit(inputs, train[TARGET])
        predicted = model.predict(test.drop(columns=TARGET))
        mlflow.log_metric("test_accuracy", accuracy_score(test[TARGET], predicted))

        baseline = inputs.assign(prediction=model.predict(inputs))
        mlflow.log_table(baseline, "datasets/breast-cancer-train.json")

        example = inputs.head(3)
        mlflow.sklearn.log_model(
            model,
            name="model",
            signature=infer_signature(inputs, model.predict(inputs)),
            input_example=example,
            # Reproduced in the sandbox before the version may take traffic.
            metadata={"example_prediction": model.predict(example).tolist()},
            registered_model_name=options.name,
        )

    print(f"Run {run.info.run_id} finished in {time.monotonic() - started:.1f} s.")
    print(f'Registered "{options.name}". Deploy it: modelyard deployment create {options.name}')


if __name__ == "__main__":
    main()
