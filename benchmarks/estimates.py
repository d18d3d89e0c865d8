"""Compare estimates without outcomes with NannyML's, on the data sets NannyML ships.

    python benchmarks/estimates.py          # installs NannyML into .make/nannyml once

Both learn from the same reference and are asked about the same chunks of 5,000 rows of the
analysis set, of which the targets are known. Prints a Markdown table.
"""

import io
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[1] / ".make" / "nannyml"
PACKAGES = ("nannyml==0.13.1", "pandas<3", "statsmodels", "setuptools")
CHUNK = 5000


def peer() -> None:
    """Run by NannyML's interpreter: write data, its estimates and the truth as JSON."""
    import nannyml as nml

    print(json.dumps([_loans(nml), _prices(nml)]))


def _loans(nml: Any) -> dict[str, Any]:
    reference, analysis, targets = nml.load_synthetic_car_loan_dataset()
    analysis["repaid"] = targets["repaid"].to_numpy()
    estimator = nml.CBPE(
        y_pred_proba="y_pred_proba",
        y_pred="y_pred",
        y_true="repaid",
        problem_type="classification_binary",
        metrics=["roc_auc", "accuracy"],
        chunk_size=CHUNK,
    )
    columns = ["y_pred_proba", "y_pred", "repaid"]
    return _asked(estimator, reference, analysis, columns, ["roc_auc", "accuracy"])


def _prices(nml: Any) -> dict[str, Any]:
    reference, analysis, targets = nml.load_synthetic_car_price_dataset()
    analysis["y_true"] = targets["y_true"].to_numpy()
    inputs = [c for c in reference.columns if c not in {"y_true", "y_pred", "timestamp"}]
    estimator = nml.DLE(
        feature_column_names=inputs,
        y_pred="y_pred",
        y_true="y_true",
        metrics=["mae", "rmse"],
        chunk_size=CHUNK,
    )
    columns = [*inputs, "y_pred", "y_true"]
    return _asked(estimator, reference, analysis, columns, ["mae", "rmse"])


def _asked(
    estimator: Any, reference: Any, analysis: Any, columns: list[str], metrics: list[str]
) -> dict[str, Any]:
    started = time.perf_counter()
    found = estimator.fit(reference).estimate(analysis).filter(period="analysis").to_df()
    seconds = time.perf_counter() - started
    return {
        "seconds": seconds,
        "estimates": {m: found[m]["value"].tolist() for m in metrics},
        "reference": reference[columns].to_csv(index=False),
        "analysis": analysis[columns].to_csv(index=False),
    }


def main() -> None:
    """Print both beside the truth."""
    if not (FOLDER / "bin" / "python").exists():
        subprocess.run(["uv", "venv", "-q", str(FOLDER)], check=True)
        install = ["uv", "pip", "install", "-q", "--python", str(FOLDER / "bin" / "python")]
        subprocess.run([*install, *PACKAGES], check=True)
    line = [str(FOLDER / "bin" / "python"), __file__, "--peer"]
    done = subprocess.run(line, check=True, stdout=subprocess.PIPE, text=True)
    loans, prices = json.loads(done.stdout.splitlines()[-1])
    print("| metric | chunks | mean distance between both | ours off the truth | NannyML off |")
    print("|---|---:|---:|---:|---:|")
    seconds = [_compare(loans, _classes), _compare(prices, _numbers)]
    for name, ours, theirs in zip(("CBPE", "DLE"), seconds, (loans, prices), strict=True):
        print(f"\n{name}: ours {ours:.2f} s, NannyML {theirs['seconds']:.2f} s", end="")
    print()


def _compare(found: dict[str, Any], estimate: Any) -> float:
    import numpy as np

    started = time.perf_counter()
    ours, truth = estimate(_table(found["reference"]), _table(found["analysis"]))
    seconds = time.perf_counter() - started
    for metric, theirs in found["estimates"].items():
        own, was = np.array(ours[metric]), np.array(truth[metric])
        other = np.array(theirs)
        row = [np.abs(own - other).mean(), np.abs(own - was).mean(), np.abs(other - was).mean()]
        print(f"| {metric} | {len(own)} |", " | ".join(f"{one:.5g}" for one in row), "|")
    return seconds


def _table(text: str) -> dict[str, Any]:
    import pyarrow.csv as pa_csv

    table = pa_csv.read_csv(io.BytesIO(text.encode()))
    return {name: table[name].to_pylist() for name in table.column_names}


def _classes(reference: dict[str, Any], analysis: dict[str, Any]) -> Any:
    import numpy as np
    from sklearn import metrics

    from modelyard_server.monitoring import cbpe

    def scores(rows: dict[str, Any]) -> Any:
        score = np.array(rows["y_pred_proba"])
        return np.column_stack([1 - score, score])

    learned = cbpe.calibrate(scores(reference), np.array(reference["repaid"], dtype=np.int64))
    live, said = scores(analysis), np.array(analysis["y_pred"], dtype=np.int64)
    came = np.array(analysis["repaid"], dtype=np.int64)
    ours: dict[str, list[float]] = {"roc_auc": [], "accuracy": []}
    truth: dict[str, list[float]] = {"roc_auc": [], "accuracy": []}
    for start in range(0, len(said), CHUNK):
        part = slice(start, start + CHUNK)
        made = cbpe.measures(live[part], learned.of(live[part]), said[part], np.ones(CHUNK))
        found = {one.name: one.value for one in made}
        ours["roc_auc"].append(found["auc"] or 0.0)
        ours["accuracy"].append(found["accuracy"] or 0.0)
        truth["roc_auc"].append(metrics.roc_auc_score(came[part], live[part, 1]))
        truth["accuracy"].append(metrics.accuracy_score(came[part], said[part]))
    return ours, truth


def _numbers(reference: dict[str, Any], analysis: dict[str, Any]) -> Any:
    import numpy as np

    from modelyard_server.monitoring import dle, overlap

    inputs = {n: v for n, v in reference.items() if n not in {"y_pred", "y_true"}}
    encoding = overlap.learn(inputs)

    def features(rows: dict[str, Any]) -> Any:
        encoded = encoding.of(rows, len(rows["y_pred"]))
        return np.column_stack([encoded, np.array(rows["y_pred"], dtype=np.float64)])

    predicted = np.array(reference["y_pred"], dtype=np.float64)
    actual = np.array(reference["y_true"], dtype=np.float64)
    learned = dle.learn(features(reference), predicted, actual)
    live = features(analysis)
    errors = np.array(analysis["y_pred"], dtype=np.float64) - np.array(analysis["y_true"])
    ours: dict[str, list[float]] = {"mae": [], "rmse": []}
    truth: dict[str, list[float]] = {"mae": [], "rmse": []}
    for start in range(0, len(live), CHUNK):
        part = slice(start, start + CHUNK)
        made = learned.measures(live[part], np.ones(len(live[part])))
        for one in made:
            ours[one.name].append(one.value or 0.0)
        truth["mae"].append(float(np.abs(errors[part]).mean()))
        truth["rmse"].append(float(np.sqrt((errors[part] ** 2).mean())))
    return ours, truth


if __name__ == "__main__":
    if "--peer" in sys.argv:
        peer()
    else:
        main()
