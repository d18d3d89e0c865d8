"""What a start loads, and that it stays so: each of these costs up to a second and tens of MB."""

import json
import os
import subprocess
import sys
from pathlib import Path

from alembic.script import ScriptDirectory
from tests.make.live import SOURCES

from modelyard_server.migrations import state

HEAVY = {
    "numpy",
    "scipy",
    "pandas",
    "pyarrow",
    "duckdb",
    "sklearn",
    "mlflow",
    "boto3",
    "botocore",
    "httpx",
    "alembic",
    "pygments",
    "matplotlib",
    "IPython",
}
PROGRAM = """
import json, sys
from pathlib import Path
from modelyard_server.kernel import starting
starting.hurry()
from modelyard_server import app
from modelyard_server.kernel.db import Database
from modelyard_server.migrations import state
from modelyard_server.settings import Settings

settings = Settings(data_dir=Path(sys.argv[1]), manage_node=False)
database = Database(settings.database)
if len(sys.argv) > 2:
    state.upgrade(database)
    raise SystemExit
assert state.is_current(database)
state.upgrade(database)
made = app.create_app(app.compose(settings, database))
for stop in app.start_background(made.state.services):
    stop()
print(json.dumps(sorted({name.split(".")[0] for name in sys.modules})))
"""


def run(*arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(SOURCES)}
    argv = [sys.executable, "-c", PROGRAM, *arguments]
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1] if done.stdout else ""


def test_a_start_on_a_current_database_loads_nothing_heavy(tmp_path: Path) -> None:
    run(str(tmp_path), "migrate")

    loaded = set(json.loads(run(str(tmp_path))))

    assert HEAVY & loaded == set()


def test_the_newest_revision_read_from_the_files_is_alembics() -> None:
    assert state.head() == ScriptDirectory.from_config(state.config()).get_current_head()
