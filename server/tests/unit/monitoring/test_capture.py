"""What is kept of one call, and which training tables are read."""

import base64
import io
import json
from typing import Any

import numpy as np
import pytest

from modelyard_protocol.package import Column, DType, Signature
from modelyard_protocol.records import Prediction
from modelyard_server.monitoring import baseline
from modelyard_server.monitoring.capture import capture
from modelyard_server.monitoring.policy import Keep, Policy
from modelyard_server.monitoring.segments import Rows

TYPED = Signature(
    inputs=(
        Column(name="age", dtype=DType.double),
        Column(name="email", dtype=DType.string),
    )
)


def a_call(body: Any, answer: Any, **changed: Any) -> Prediction:
    facts: dict[str, Any] = {
        "id": "p",
        "at_us": 1,
        "workspace_id": 1,
        "deployment_id": "d",
        "revision": 1,
        "version": 1,
        "key_id": None,
        "skin": "invocations",
        "source": "live",
        "status": 200,
        "total_us": 1,
        "model_us": None,
        "content_type": "application/json",
        "request": json.dumps(body),
        "response": json.dumps(answer),
        "request_bytes": 1,
        "response_bytes": 1,
        "weight": 1,
    }
    return Prediction.model_validate(facts | changed)


def test_personal_columns_are_counted_but_not_shown():
    rows = [{"age": 4.0, "email": "someone@example.com"}]
    found = capture([a_call({"dataframe_records": rows}, {"predictions": [1]})], TYPED)
    assert found.columns["email"] == ["someone@example.com"]
    assert json.loads(found.calls[0].inputs or "") == [{"age": 4.0, "email": "•••"}]


def test_binary_bodies_are_counted_like_json_ones():
    signature = Signature(inputs=(Column(name="x", dtype=DType.double),))
    out = io.BytesIO()
    np.save(out, np.array([[1.5], [2.5]]))
    body = {
        "content_type": "application/x-npy",
        "encoding": "base64",
        "request": base64.b64encode(out.getvalue()).decode(),
    }
    found = capture([a_call(None, {"predictions": [1, 0]}, **body)], signature)
    plain = a_call({"inputs": [[1.5], [2.5]]}, {"predictions": [1, 0]})
    assert found == capture([plain], signature)
    assert found.columns == {"x": [1.5, 2.5], "prediction": [1, 0]}


def test_tensor_rows_and_class_probabilities_become_columns():
    tensor = Signature(inputs=(Column(name="inputs", dtype=DType.double, shape=(-1, 3)),))
    body = {"inputs": [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]}
    found = capture([a_call(body, {"predictions": [[0.2, 0.8], [0.5, 0.5]]})], tensor)
    assert found.columns == {
        "inputs[0]": [1, 4],
        "inputs[1]": [2, 5],
        "inputs[2]": [3, 6],
        "prediction[0]": [0.2, 0.5],
        "prediction[1]": [0.8, 0.5],
    }
    assert found.calls[0].rows == 2


@pytest.mark.parametrize("changed", [{"request": None}, {"request": "no json"}, {"response": None}])
def test_a_call_without_a_readable_body_is_kept_without_rows(changed: dict[str, Any]):
    rows = [{"age": 4.0, "email": "x"}]
    found = capture([a_call({"dataframe_records": rows}, {"predictions": [1]}, **changed)], TYPED)
    assert found.calls[0].error is None
    assert not {"age", "prediction"} <= found.columns.keys()


def test_calls_decoded_together_mean_the_same_as_each_alone():
    rows = [{"age": float(n), "email": f"{n}@x"} for n in range(6)]
    bodies: list[Any] = [
        {"dataframe_records": rows[:2]},
        {"dataframe_split": {"columns": ["email", "age"], "data": [["2@x", 2.0]]}},
        {"dataframe_records": rows[3:]},
    ]
    calls = [a_call(body, {"predictions": [1]}) for body in bodies]
    unfitting = a_call({"dataframe_records": [{"age": 1.0}]}, {"predictions": [0]})
    together, alone = capture(calls, TYPED), capture([*calls, unfitting], TYPED)
    for found in (together, alone):
        assert sorted(found.columns["age"]) == [0, 1, 2, 3, 4, 5]
        assert [call.rows for call in found.calls[:3]] == [2, 1, 3]
    assert [call.inputs for call in together.calls] == [call.inputs for call in alone.calls[:3]]
    assert alone.columns["prediction"] == [1, 1, 1, 0]


SPARSE = Signature(
    inputs=(
        Column(name="age", dtype=DType.double),
        Column(name="city", dtype=DType.string, required=False),
        Column(name="email", dtype=DType.string, required=False),
    )
)


def mixed_calls() -> list[Prediction]:
    """Give calls in every form, some of which do not fit, were refused or told nothing."""
    made = []
    for n in range(40):
        row: dict[str, Any] = {
            "age": float(n),
            "city": None if n % 3 else "Bern",
            "email": f"{n}@x",
        }
        body: Any = {"row": row}
        if n % 10 == 3:
            body = {"columns": {"age": [float(n)]}}
        if n % 10 == 5:
            body = {"rows": [row, row | {"age": n + 0.5}]}
        if n % 10 == 7:
            body = {"row": row | {"age": "old"}}
        answer: Any = {"predictions": [n % 2] * (2 if n % 10 == 5 else 1)}
        status = 422 if n % 10 == 9 else 200
        if status == 422:
            answer = {"detail": "no"}
        made.append(a_call(body, answer, skin="predict", id=f"p{n}", at_us=n, status=status))
    return made


def test_calls_of_one_row_each_are_counted_together_as_if_alone():
    calls = mixed_calls()
    found = capture(calls, SPARSE)
    alone = [capture([call], SPARSE) for call in calls]
    assert found.calls == [one.calls[0] for one in alone]
    for name in ("age", "city", "email", "prediction"):
        each = [value for one in alone for value in one.columns.get(name, [])]
        assert sorted(map(str, found.columns[name])) == sorted(map(str, each))
    assert len(found.sent) == len(found.columns["age"]) == len(found.columns["city"])


def test_rows_cut_together_are_those_cut_alone():
    policy = Policy({"city": Keep.hash})
    together, alone = Rows(), Rows()
    together.add(mixed_calls(), SPARSE, policy, b"key")
    for call in mixed_calls():
        alone.add([call], SPARSE, policy, b"key")
    order = [("prediction_id", "ascending"), ("row", "ascending")]
    first, second = together.table().sort_by(order), alone.table().sort_by(order)
    assert first.to_pylist() == second.to_pylist()
    assert first.schema == second.schema
    assert first.num_rows == 44
    assert together.span == alone.span


def test_answers_of_another_shape_keep_their_own_columns():
    calls = mixed_calls()[:3]
    ranked = [a_call({"row": {"age": 1.0}}, {"predictions": [[1, 2][: n + 1]]}, skin="predict",
                     id=f"r{n}") for n in range(2)]  # fmt: skip
    rows = Rows()
    rows.add([*calls, *ranked], SPARSE, Policy(), b"key")
    kept = {row["prediction_id"]: row for row in rows.table().to_pylist()}
    assert (kept["r0"]["out.prediction[0]"], kept["r0"]["out.prediction[1]"]) == (1, None)
    assert (kept["r1"]["out.prediction[1]"], kept["p1"]["out.prediction"]) == (2, 1)


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("t.json", b'{"columns": ["a", "b"], "data": [[1, 2], [3, 4]]}'),
        ("t.json", b'[{"a": 1, "b": 2}, {"a": 3, "b": 4}]'),
        ("t.json", b'{"a": [1, 3], "b": [2, 4]}'),
        ("t.csv", b"a,b\n1,2\n3,4\n"),
    ],
)
def test_tables_are_read_in_the_forms_people_log(path: str, content: bytes):
    assert baseline.read_table(path, content) == {"a": [1, 3], "b": [2, 4]}


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("t.json", b"{"),
        ("t.json", b"7"),
        ("t.json", b'{"columns": ["a"], "data": [[1, 2]]}'),
        ("t.parquet", b"PAR1 no"),
        ("t.pkl", b"\x80\x04."),
    ],
)
def test_what_is_no_table_is_refused(path: str, content: bytes):
    with pytest.raises(baseline.UnreadableTable):
        baseline.read_table(path, content)


def test_large_tables_are_thinned_evenly(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(baseline, "MAX_ROWS", 100)
    content = json.dumps({"a": list(range(1000))}).encode()
    assert baseline.read_table("t.json", content)["a"] == list(range(0, 1000, 10))


def test_training_tables_come_before_others_and_models_are_none():
    paths = ["model.pkl", "datasets/test.json", "datasets/train.json", "a.parquet", "notes.json"]
    assert baseline.candidates(paths, None) == [
        "datasets/train.json",
        "a.parquet",
        "datasets/test.json",
    ]
    assert baseline.candidates(paths, "notes.json") == ["notes.json"]


def test_rows_sent_as_lists_are_captured_like_objects() -> None:
    calls = [a_call({"rows": [[1.0, "a@b"]]}, {"predictions": [1]}, skin="predict")]
    found = capture(calls, TYPED)
    assert found.columns["age"] == [1.0]
    [call] = found.calls
    assert call.rows == 1
    assert '"age":1.0' in str(call.inputs)
