"""Send real traffic to a deployed breast-cancer model, as it was trained on or shifted.

    python examples/replay.py --url http://localhost:8081/team/staging/breast-cancer --key myk_...
    python examples/replay.py --url ... --key ... --drift

    python examples/replay.py --url ... --key ... --outcomes

`--drift` sends the same cells as if measured with a miscalibrated microscope: lengths 25 % and
areas 56 % too large, textures shifted. The drift tab names the columns.
`--outcomes` then sends what the cells really were, with the API token in MODELYARD_TOKEN or
MLFLOW_TRACKING_TOKEN and the server of MODELYARD_URL or MLFLOW_TRACKING_URI. The quality tab
shows how often the model was right.
"""

import argparse
import os
import random
import sys
import time
from collections import Counter
from typing import Any

import httpx
import pandas as pd
from sklearn.datasets import load_breast_cancer

SCALE = 1.25


def rows(count: int, *, drift: bool, seed: int) -> list[dict[str, float]]:
    """Draw rows of the data set with replacement, with a little measurement noise."""
    table: pd.DataFrame = load_breast_cancer(as_frame=True).data
    drawn = table.sample(count, replace=True, random_state=seed).reset_index(drop=True)
    generator = random.Random(seed)
    for column in drawn.columns:
        drawn[column] *= [1 + generator.gauss(0, 0.005) for _ in range(count)]
        if drift:
            drawn[column] = shifted(column, drawn[column])
    return [{str(k): float(v) for k, v in row.items()} for row in drawn.to_dict("records")]


def shifted(column: str, values: Any) -> Any:
    """Give a column as the miscalibrated microscope reports it."""
    if "area" in column:
        return values * SCALE**2
    if "radius" in column or "perimeter" in column:
        return values * SCALE
    if "texture" in column and "error" not in column:
        return values + 4
    return values


def truths(count: int, *, seed: int) -> list[int]:
    """Give what the drawn cells really were: 0 malignant, 1 benign."""
    target = load_breast_cancer(as_frame=True).target
    return [int(v) for v in target.sample(count, replace=True, random_state=seed)]


def send_outcomes(url: str, values: dict[str, int]) -> None:
    """Send the real value of each prediction."""
    import modelyard

    with modelyard.Client() as client:
        found = client.deployments.find("/".join(url.rstrip("/").split("/")[-2:]))
        sent = client.deployments.send_outcomes(found.id, values)
    print(f"Outcomes: {sent.received} sent, {sent.matched} matched, {sent.waiting} waiting")


def main() -> int:
    """Send the rows; the exit status is 1 when any call failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--url", required=True, help="address of the deployment")
    parser.add_argument(
        "--key", default=os.environ.get("MODELYARD_ENDPOINT_KEY"), help="endpoint key"
    )
    parser.add_argument("--rows", type=int, default=500)
    parser.add_argument(
        "--rate", type=float, default=0, help="calls per second; 0: as fast as it goes"
    )
    parser.add_argument("--drift", action="store_true", help="send shifted rows")
    parser.add_argument("--outcomes", action="store_true", help="also send the true labels")
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args()
    if not options.key:
        parser.error("an endpoint key is needed: --key, or MODELYARD_ENDPOINT_KEY")

    seed = options.seed if options.seed is not None else int(time.time())
    answers: Counter[int] = Counter()
    taken: list[float] = []
    outcomes: dict[str, int] = {}
    labels = truths(options.rows, seed=seed)
    url = options.url.rstrip("/") + "/predict"
    with httpx.Client(headers={"Authorization": f"Bearer {options.key}"}, timeout=30) as http:
        for number, row in enumerate(rows(options.rows, drift=options.drift, seed=seed), 1):
            began = time.perf_counter()
            try:
                answer = http.post(url, json={"rows": [row]})
            except httpx.HTTPError as error:
                print(f"\nNo answer from {url}: {error}", file=sys.stderr)
                return 1
            taken.append(time.perf_counter() - began)
            answers[answer.status_code] += 1
            if answer.status_code == 200:
                outcomes[answer.json()["prediction_id"]] = labels[number - 1]
            if answer.status_code != 200 and answers[answer.status_code] == 1:
                print(f"\n{answer.status_code}: {answer.text[:500]}", file=sys.stderr)
            if number % 50 == 0 or number == options.rows:
                print(f"\r{number}/{options.rows} sent", end="", flush=True)
            if options.rate:
                time.sleep(max(0.0, 1 / options.rate - taken[-1]))
    taken.sort()
    print(f"\nStatuses: {dict(answers)}; median {taken[len(taken) // 2] * 1000:.1f} ms")
    if options.outcomes:
        send_outcomes(options.url, outcomes)
    return 0 if set(answers) == {200} else 1


if __name__ == "__main__":
    sys.exit(main())
