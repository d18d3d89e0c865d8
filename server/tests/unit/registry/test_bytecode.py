"""Bytecode is written of an environment's own modules only, whatever a model names."""

import threading
from pathlib import Path

from modelyard_server.registry import bytecode


def test_named_modules_of_the_environment_get_bytecode_and_nothing_else_does(
    tmp_path: Path,
) -> None:
    environment, outside = tmp_path / "environment", tmp_path / "outside"
    for folder in (environment, outside):
        folder.mkdir()
        (folder / "one.py").write_text("x = 1")
    (environment / "broken.py").write_text("x = (")
    (environment / "way_out.py").symlink_to(outside / "one.py")
    with bytecode.followed(environment) as names:
        told = ["one.py", "broken.py", "way_out.py", "missing.py", "../outside/one.py", "a\0b.py"]
        lines = [f"{environment}/{name}" for name in told] + [f"{outside}/one.py"]
        names.write_text("\n".join([*lines, "unfinished"]))
    for thread in threading.enumerate():
        if thread.name == bytecode.THREAD:
            thread.join(60)
    found = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.pyc")}
    assert len(found) == 1
    assert found.pop().startswith("environment/__pycache__/one.")
