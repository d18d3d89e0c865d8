"""What a package says of the libraries it was made with."""

import pytest

from modelyard_runtime.frameworks.python import variables


@pytest.mark.parametrize(
    ("flavors", "backend"),
    [
        ({"keras": {"keras_backend": "torch", "save_format": "tfsm"}}, "torch"),
        ({"keras": {"keras_backend": None}}, None),
        ({"keras": None}, None),
        ({"sklearn": {"keras_backend": "jax"}}, None),
    ],
)
def test_keras_runs_on_the_library_it_was_made_with(flavors, backend):
    found = variables({"flavors": {"python_function": {}, **flavors}})
    assert found.get("KERAS_BACKEND") == backend
    assert found["MLFLOW_ENABLE_DB_SDK"] == "false"
