"""What a shadow's copies say: complete counts, and where it disagrees."""

import datetime as dt
import json
import time
from pathlib import Path
from typing import Any

from sqlalchemy import select
from tests.make import monitoring as make
from tests.make.fixtures import TeamSpace

from modelyard_protocol.records import Mirrored, Shadowed, Skin
from modelyard_server.deployments.models import Revision
from modelyard_server.kernel.clock import utcnow

BEGAN = utcnow()


def _copies(watched: make.Watched, **counts: int) -> Mirrored:
    facts: dict[str, Any] = {"calls": 0, "failed": 0, "dropped": 0, "rows": 0, "differing": 0}
    return Mirrored(
        workspace_id=watched.workspace.id,
        deployment_id=str(watched.id),
        revision=2,
        version=2,
        at=int(time.time()),
        model_us={400: counts.get("calls", 0)},
        live_model_us={300: counts.get("calls", 0)},
        **facts | counts,
    )


def _copy(watched: make.Watched, row: dict[str, Any], *, differs: bool) -> Shadowed:
    return Shadowed(
        id="p",
        at_us=time.time_ns() // 1000,
        workspace_id=watched.workspace.id,
        deployment_id=str(watched.id),
        revision=2,
        version=2,
        skin=Skin.predict,
        content_type="application/json",
        request=json.dumps({"rows": [row]}),
        response='{"predictions": [0]}',
        predictions=[int(differs)],
        differs=[differs],
        error=None,
    )


def _a_second_revision(watched: make.Watched) -> None:
    with watched.workspace.platform.database.session(watched.workspace.id) as db:
        first = db.scalars(select(Revision).where(Revision.deployment_id == watched.id)).one()
        names = [column.name for column in Revision.__table__.columns if column.name != "id"]
        kept = {name: getattr(first, name) for name in names}
        steps = [{"name": "traffic", "started_at": BEGAN.isoformat()}]
        changed = {"number": 2, "version": 2, "status": "shifting", "steps": steps}
        db.add(Revision(**kept | changed))


def test_a_shadow_is_reported_with_the_part_of_the_inputs_where_it_disagrees(
    workspace: TeamSpace, tmp_path: Path
) -> None:
    watched = make.a_watched_deployment(workspace, tmp_path)
    _a_second_revision(watched)
    none = workspace.client("developer").get(f"/api/v1/deployments/{watched.id}/shadow")
    assert (none.status_code, none.json()["code"]) == (404, "monitoring.no_shadow")
    rows = make.rows(600)
    sampled = [_copy(watched, row, differs=row["city"] == "Genf") for row in rows]
    counts = _copies(watched, calls=900, failed=10, dropped=40, rows=890, differing=178)
    make.ingest(watched, [counts, *sampled, _copies(watched, calls=100, rows=110, differing=22)])

    found = watched.get("shadow")

    assert (found["revision"], found["calls"], found["dropped"], found["failed"]) == (
        2, 1000, 40, 10,
    )  # fmt: skip
    assert dt.datetime.fromisoformat(found["since"]) == BEGAN  # not the hour of its counts
    assert found["disagreement"] == 0.2
    assert found["disagreement_low"] < 0.2 < found["disagreement_high"]
    assert found["p95_ms"] > found["live_p95_ms"] > 0
    assert found["sampled_rows"] == 600
    worst = found["slices"][0]
    assert (worst["feature"], worst["disagreement"], worst["elsewhere"]) == ("city", 1.0, 0.0)
    example = found["examples"][0]
    assert (example["inputs"]["city"], example["live"], example["shadow"]) == ("Genf", 0, 1)
    assert watched.get("predictions")["items"] == []  # copies are no calls
