"""Rows that are kept: as Parquet, by policy, exactly once, and gone when somebody must be."""

import io
import json
import uuid
from pathlib import Path
from typing import Any

import pyarrow.parquet as pa_parquet
import pytest
from sqlalchemy import select
from tests.make import monitoring as make
from tests.make.fixtures import Platform, TeamSpace

from modelyard_protocol.package import Column, DType, Signature
from modelyard_server.artifacts.models import ArtifactFile
from modelyard_server.audit.service import AuditEvent
from modelyard_server.monitoring import measuring, segmenter
from modelyard_server.monitoring.models import CaptureSegment
from modelyard_server.monitoring.segmenter import Segmenter

PEOPLE = Signature(
    inputs=(
        Column(name="age", dtype=DType.double),
        Column(name="email", dtype=DType.string, required=False),
        Column(name="customer", dtype=DType.string, required=False),
    ),
    outputs=(Column(name="prediction", dtype=DType.long),),
)


@pytest.fixture
def watched(workspace: TeamSpace, tmp_path: Path) -> make.Watched:
    measuring.forget()
    return make.a_watched_deployment(workspace, tmp_path, signature=PEOPLE)


def people(count: int, customer: str = "c") -> list[dict[str, Any]]:
    return [
        {"age": 20.0 + n, "email": f"{n}@example.com", "customer": f"{customer}-{n}"}
        for n in range(count)
    ]


def exported(watched: make.Watched, **params: Any) -> list[dict[str, Any]]:
    answer = watched.workspace.client("developer").get(
        f"/api/v1/deployments/{watched.id}/capture/rows", params=params
    )
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = pa_parquet.read_table(io.BytesIO(answer.content)).to_pylist()
    return rows


def choose(watched: make.Watched, **wanted: Any) -> dict[str, Any]:
    answer = watched.workspace.client("developer").put(
        f"/api/v1/deployments/{watched.id}/capture", json=wanted
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_every_row_of_a_call_is_kept_and_sensitive_columns_are_not(watched: make.Watched):
    make.ingest(watched, [watched.prediction(people(12)), *watched.calls(people(3))])
    assert make.cut(watched) == 5

    rows = exported(watched)

    assert len(rows) == 15
    assert {row["row"] for row in rows} == set(range(12))
    assert "in.email" not in rows[0]
    assert {row["in.customer"] for row in rows} == {f"c-{n}" for n in range(12)}
    assert rows[0]["out.prediction"] in {0, 1}
    about = watched.get("capture", role="viewer")
    assert (about["rows"], about["segments"], about["sampled_out"]) == (15, 1, 0)
    email = next(column for column in about["columns"] if column["name"] == "email")
    assert email == {"name": "email", "keep": "count_only", "is_sensitive": True}


def test_the_policy_stores_hashes_counts_or_drops(watched: make.Watched):
    choose(watched, columns={"customer": "hash", "age": "drop", "email": "store"})
    make.ingest(watched, watched.calls(people(600)))
    make.cut(watched)

    rows = exported(watched)

    assert "in.age" not in rows[0]
    assert rows[0]["in.email"].endswith("@example.com")
    assert len({row["in.customer"] for row in rows}) == 600
    assert all(len(row["in.customer"]) == 24 for row in rows)
    shown = watched.get("predictions")["items"][0]["inputs"][0]
    assert (shown["age"], len(shown["customer"])) == ("•••", 24)
    counted = {feature["feature"] for feature in watched.get("drift")["features"]}
    assert "age" not in counted
    assert "email" in counted


def test_sampled_rows_carry_their_weight_and_failures_are_always_kept(watched: make.Watched):
    choose(watched, rate=0.25)
    failed = watched.prediction(people(1), status=422, response='{"detail": "no"}')
    make.ingest(watched, [*watched.calls(people(400)), failed])
    make.cut(watched)

    rows = exported(watched)

    good = [row for row in rows if row["status"] == 200]
    assert 60 < len(good) < 140
    assert {row["weight"] for row in good} == {4.0}
    assert [row["error"] for row in rows if row["status"] == 422] == ["no"]
    assert watched.get("capture")["sampled_out"] == 400 - len(good)
    assert watched.get("traffic")["total"]["requests"] == 400


def test_a_segment_is_written_once_also_after_a_crash_between_store_and_commit(
    platform: Platform, watched: make.Watched, monkeypatch: pytest.MonkeyPatch
):
    make.write(make.journal_of(watched.folder), watched.calls(people(20)))

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(segmenter, "_enter", killed)
        with pytest.raises(KeyboardInterrupt):
            make.cut(watched)
    make.cut(watched)
    make.cut(watched)

    assert len(exported(watched)) == 20


def test_the_same_call_in_a_journal_twice_is_one(watched: make.Watched):
    call = watched.prediction(people(1))
    make.ingest(watched, [call, call])
    make.cut(watched)
    assert len(exported(watched)) == 1


def test_a_full_store_keeps_rows_waiting_and_counts_on(platform: Platform, watched: make.Watched):
    make.ingest(watched, watched.calls(people(8)))

    class Full:
        def receive(self, *_: Any) -> Any:
            raise OSError("No space left on device")

    full: Any = Full()
    catalogue = make.an_ingester(platform, watched.folder)._catalogue
    broken = Segmenter(platform.database, catalogue, full, watched.folder, b"")
    with pytest.raises(OSError, match="No space"):
        broken.run_once(all_now=True)
    assert watched.get("traffic")["total"]["requests"] == 8
    make.cut(watched)
    assert len(exported(watched)) == 8


def test_erasing_a_person_rewrites_segments_and_leaves_no_word_of_them(
    platform: Platform, watched: make.Watched
):
    choose(watched, columns={"email": "hash"}, entity_column="email")
    make.ingest(watched, watched.calls(people(10)))
    make.cut(watched)
    admin = watched.workspace.client("admin")
    path = f"/api/v1/deployments/{watched.id}/capture/erase"

    answer = admin.post(path, json={"value": "3@example.com"})

    assert answer.json() == {"calls": 1, "rows": 1, "segments": 1, "logged_calls": 1}
    assert {row["in.customer"] for row in exported(watched)} == {
        f"c-{n}" for n in range(10) if n != 3
    }
    assert len(watched.get("predictions")["items"]) == 9
    with platform.database.session(watched.workspace.id) as db:
        event = db.scalars(
            select(AuditEvent).where(
                AuditEvent.action == "monitoring.rows_erased",
                AuditEvent.workspace_id == watched.workspace.id,
            )
        ).one()
        assert "3@example.com" not in json.dumps(event.after)
    assert watched.workspace.client("developer").post(path, json={"value": "x"}).status_code == 403


def test_retention_removes_old_segments_with_their_files(platform: Platform, watched: make.Watched):
    choose(watched, retention_days=2)
    old = watched.prediction(people(1), at_us=1_700_000_000_000_000)
    make.ingest(watched, [old])
    make.cut(watched)
    make.ingest(watched, watched.calls(people(2)))
    make.cut(watched)
    make.tidy(watched)
    with platform.database.session(watched.workspace.id) as db:
        kept = db.scalars(select(CaptureSegment.path)).all()
        files = db.scalars(select(ArtifactFile.path).where(ArtifactFile.path.like("captures/%")))
        assert kept == files.all()
    assert len(exported(watched)) == 2


def test_without_rows_there_is_nothing_to_download(watched: make.Watched):
    client = watched.workspace.client("developer")
    answer = client.get(f"/api/v1/deployments/{watched.id}/capture/rows")
    assert (answer.status_code, answer.json()["code"]) == (404, "monitoring.nothing_captured")
    assert client.get(f"/api/v1/deployments/{uuid.uuid4()}/capture").status_code == 404
