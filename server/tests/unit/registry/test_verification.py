"""What is said of one prediction in the sandbox."""

from typing import Any

import pytest

from modelyard_server.registry.preparation import Verification


@pytest.mark.parametrize(
    ("seen", "says"),
    [
        ({"predictions": [1]}, "Predicted in 2.0 ms after loading in 30 ms."),
        ({"predictions": None}, "Loaded in 30 ms; it has no input example to predict."),
        ({"ok": False, "differences": [{}]}, "1 values differ from the stored prediction."),
        ({"ok": False, "error": "No module named x."}, "No module named x."),
    ],
)
def test_it_says_what_was_seen(seen: dict[str, Any], says: str) -> None:
    facts: dict[str, Any] = {"ok": True, "differences": [], "error": None, "predictions": None}
    found = Verification(
        engine="python",
        load_ms=30.0,
        predict_ms=2.0,
        peak_memory_mb=1.0,
        sandbox="bwrap",
        log_tail=[],
        **facts | seen,
    )
    assert found.says == says
