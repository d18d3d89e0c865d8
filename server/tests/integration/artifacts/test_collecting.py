"""Content that nothing holds goes in two phases; what anything holds never does."""

import datetime as dt
import hashlib
import os
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.make.fixtures import make_platform
from tests.make.installation import SOURCES, wait_for
from tests.make.registry import MLFLOW, model_id, registered

from modelyard_server.artifacts import background, collections, service
from modelyard_server.artifacts.collecting import Collector
from modelyard_server.artifacts.models import Collection, GarbageMark
from modelyard_server.artifacts.ports import BlobStore, StoredBlob
from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.jobs import Worker
from modelyard_server.registry import binned
from modelyard_server.registry.models import BinItem
from modelyard_server.tracking import expiry
from modelyard_server.tracking.models import Run
from modelyard_server.workspaces.access import System

STORAGE = "/api/v1/storage"
PROXY = "/api/2.0/mlflow-artifacts/artifacts"
DAY = dt.timedelta(days=1)


def sha(content):
    return hashlib.sha256(content).hexdigest()


class Store:
    """The content of one workspace, and looks through it at any time."""

    def __init__(self, space):
        self.space, self.database = space, space.platform.database
        self.blobs = space.platform.services.get(BlobStore)

    def receive(self, content):
        return self.blobs.receive(self.space.id, [content])

    def attach(self, path, blob):
        with self.database.session(self.space.id) as db:
            service.attach(db, self.blobs, path, blob)

    def keep(self, path, content):
        self.attach(path, self.receive(content))

    def remove(self, path):
        """Remove a path as a job that died later would: its content stays."""
        with self.database.session(self.space.id) as db:
            service.delete_file(db, path)
            for job in db.new:
                db.expunge(job)

    def made_old(self, content):
        """Let content have arrived five days ago."""
        [path] = self.space.platform.settings.data_dir.rglob(
            f"cas/{self.space.id}/*/{sha(content)}"
        )
        at = (utcnow() - 5 * DAY).timestamp()
        os.utime(path, (at, at))

    def has(self, content):
        return self.blobs.exists(self.space.id, sha(content))

    def stored(self):
        return {found.sha256 for found in self.blobs.every(self.space.id)}

    def marks(self):
        with self.database.session(self.space.id, write=False) as db:
            return {row.sha256 for row in db.query(GarbageMark)}

    def a_collection(self):
        row = Collection(
            is_dry_run=False,
            is_scheduled=True,
            state="done",
            started_by_name="test",
            created_at=utcnow() - 9 * DAY,
        )
        with self.database.session(self.space.id) as db:
            db.add(row)
            db.flush()
            return row.id

    def collect(self, at=None, *, grace=DAY, dry=False, check=lambda: None):
        """Sweep and look as the job does, at some instant."""
        now = at or utcnow()
        collector = Collector(self.database, self.blobs, self.space.id, grace, check)
        if not dry:
            collector.sweep(self.collection, now)
        return collector.look(now, mark=not dry)

    @property
    def collection(self):
        if not hasattr(self, "_collection"):
            self._collection = self.a_collection()
        return self._collection


@pytest.fixture
def store(workspace):
    return Store(workspace)


def finish_jobs(platform):
    worker = Worker(platform.database, platform.services)
    while worker.run_one():
        pass


def test_garbage_is_marked_and_goes_when_its_grace_is_over(store):
    store.keep("runs/a/kept.bin", b"kept")
    store.receive(b"garbage")
    first = store.collect()
    assert (first.due.count, first.waiting.count, first.waiting.size_bytes) == (0, 1, 7)
    assert store.marks() == {sha(b"garbage")}
    store.collect(utcnow() + DAY / 2)
    assert store.has(b"garbage")

    last = store.collect(utcnow() + 2 * DAY)

    assert (last.due.count, last.waiting.count) == (0, 0)
    assert store.stored() == {sha(b"kept")}
    assert store.marks() == set()


def test_a_dry_run_tells_what_would_go_and_changes_nothing(store):
    store.receive(b"garbage")
    report = store.collect(dry=True)
    assert report.items[0]["sha256"] == sha(b"garbage")
    assert store.marks() == set()
    store.collect()
    report = store.collect(utcnow() + 2 * DAY, dry=True)
    assert [item["is_due"] for item in report.items] == [True]
    assert store.has(b"garbage")


def test_what_is_held_or_arrives_again_after_the_mark_stays(store):
    held, again = b"held again", b"arrived again"
    for content in (held, again):
        store.receive(content)
    store.collect()
    store.attach("runs/a/held.bin", StoredBlob(sha(held), len(held)))
    store.receive(again)  # on its way to a path when the sweep comes

    collector = Collector(store.database, store.blobs, store.space.id, -DAY, lambda: None)
    collector.sweep(store.collection, utcnow())

    assert store.stored() == {sha(held), sha(again)}
    store.attach("runs/a/again.bin", StoredBlob(sha(again), len(again)))
    assert store.collect(utcnow() + 2 * DAY).due.count == 0
    assert store.marks() == set()


def test_a_mark_whose_content_went_by_itself_is_forgotten(store):
    store.receive(b"garbage")
    store.collect()
    store.blobs.delete(store.space.id, sha(b"garbage"))
    store.collect()
    assert store.marks() == set()


@pytest.mark.parametrize("seed", range(4))
def test_no_order_of_events_loses_what_is_held_or_keeps_what_is_not(store, seed):
    choose = random.Random(seed)
    contents = [bytes([n]) * (n + 1) for n in range(8)]
    paths = {f"runs/a/{n}": None for n in range(6)}
    now = utcnow()

    def crash():
        raise RuntimeError("killed")

    for _ in range(60):
        path, content = choose.choice(list(paths)), choose.choice(contents)
        event = choose.choice(["keep", "keep", "receive", "remove", "look", "crash"])
        if event == "keep":
            store.keep(path, content)
            paths[path] = content
        elif event == "receive":
            store.receive(content)
        elif event == "remove":
            store.remove(path)
            paths[path] = None
        elif event == "look":
            now += choose.choice([DAY / 4, 2 * DAY])
            store.collect(now)
        else:
            with pytest.raises(RuntimeError, match="killed"):
                store.collect(now, check=crash) or crash()
        held = {sha(content) for content in paths.values() if content is not None}
        assert held <= store.stored(), f"seed {seed}: {event}"
    store.collect(now + 3 * DAY)
    store.collect(now + 6 * DAY)
    assert store.stored() == held


def test_content_that_is_uploaded_while_it_is_swept_stays(store):
    """Forty contents are due to go; half of them arrive again at the moment of the sweep."""
    contents = [f"content {number}".encode() for number in range(40)]
    for content in contents:
        store.receive(content)
        store.made_old(content)
    store.collect(utcnow() - 2 * DAY)
    client = store.space.client("developer")
    made = client.post(f"{MLFLOW}/runs/create", json={"experiment_id": "0"}).json()
    run = f"{PROXY}/runs/{made['run']['info']['run_id']}"

    def upload(number):
        sent = client.put(f"{run}/{number}.bin", content=contents[number])
        return sent.status_code, client.get(f"{run}/{number}.bin").content

    with ThreadPoolExecutor(4) as pool:
        sweeping = pool.submit(store.collect, grace=DAY)
        answers = list(pool.map(upload, range(0, 40, 2)))
        sweeping.result()
    assert answers == [(200, contents[number]) for number in range(0, 40, 2)]
    store.collect(grace=DAY)
    assert store.stored() == {sha(content) for content in contents[::2]}


def test_workspaces_neither_share_content_nor_see_each_others_figures(store, platform):
    other = Store(platform.a_workspace())
    other.keep("runs/b/same.bin", b"same")
    store.receive(b"same")
    store.collect()
    store.collect(utcnow() + 2 * DAY)

    assert store.stored() == set()
    assert other.has(b"same")
    seen = other.space.client("viewer").get(STORAGE).json()
    assert (seen["used_bytes"], seen["contents"], seen["garbage"]) == (4, 1, 0)
    assert seen["collections"] == []


def test_an_admin_asks_follows_and_leaves_an_entry(store, platform):
    admin, viewer = store.space.client("admin"), store.space.client("viewer")
    store.keep("runs/a/1.bin", b"twice")
    store.keep("runs/a/2.bin", b"twice")
    store.receive(b"garbage!")
    assert viewer.post(f"{STORAGE}/collections", json={}).status_code == 403

    begun = admin.post(f"{STORAGE}/collections", json={"dry_run": False})
    assert (begun.status_code, begun.json()["state"]) == (202, "waiting")
    again = admin.post(f"{STORAGE}/collections", json={"dry_run": True})
    assert (again.status_code, again.json()["code"]) == (409, "artifacts.collection_running")
    finish_jobs(platform)

    done = admin.get(f"{STORAGE}/collections/{begun.json()['id']}").json()
    assert (done["state"], done["removed_count"], done["error"]) == ("done", 0, None)
    assert done["report"]["waiting"] == {"count": 1, "size_bytes": 8}
    seen = viewer.get(STORAGE).json()
    assert seen["shares"] == [{"kind": "run", "files": 2, "size_bytes": 10}]
    assert (seen["contents"], seen["stored_bytes"]) == (1, 5)
    assert (seen["garbage"], seen["garbage_bytes"]) == (1, 8)
    actions = {event["action"] for event in admin.get("/api/v1/audit").json()["items"]}
    assert "artifacts.begin_collection" in actions


def test_what_is_removed_is_counted_and_recorded(store, platform):
    store.receive(b"garbage")
    store.made_old(b"garbage")
    store.collect(utcnow() - 2 * DAY)
    admin = store.space.client("admin")

    begun = admin.post(f"{STORAGE}/collections", json={}).json()
    finish_jobs(platform)

    done = admin.get(f"{STORAGE}/collections/{begun['id']}").json()
    assert (done["state"], done["removed_count"], done["removed_bytes"]) == ("done", 1, 7)
    assert not store.has(b"garbage")
    events = admin.get("/api/v1/audit", params={"action": "artifacts.collect"}).json()["items"]
    assert events[0]["after"] == {"removed": 1, "removed_bytes": 7}


def test_runs_and_versions_past_their_time_in_the_bin_go_with_their_files(store, platform):
    client = store.space.client("admin")
    version = registered(client, "churn")
    kept = registered(client, "kept", source=version["source"])
    run = version["source"].split("/")[1]
    client.delete(f"/api/v1/models/{model_id(client, 'churn')}")
    client.post(f"{MLFLOW}/runs/delete", json={"run_id": run})
    finish_jobs(platform)
    long_ago = utcnow() - binned.KEPT - DAY
    with store.database.session(store.space.id) as db:
        db.query(BinItem).update({"purge_after": utcnow()})
        db.query(Run).filter(Run.uid == run).update({"deleted_ms": long_ago.timestamp() * 1000})

    dry = client.post(f"{STORAGE}/collections", json={"dry_run": True}).json()
    finish_jobs(platform)
    told = client.get(f"{STORAGE}/collections/{dry['id']}").json()["report"]["expired"]
    assert {one["kind"] for one in told} == {"model", "run"}
    assert all(one["size_bytes"] > 0 for one in told)
    begun = client.post(f"{STORAGE}/collections", json={}).json()
    finish_jobs(platform)

    done = client.get(f"{STORAGE}/collections/{begun['id']}").json()
    assert (done["expired_count"], done["report"]["expired_count"]) == (2, 2)
    assert client.get(f"{MLFLOW}/runs/get", params={"run_id": run}).status_code == 404
    assert client.get("/api/v1/bin").json()["items"] == []
    files = client.get(f"/api/v1/models/{model_id(client, kept['name'])}/versions/1/files").json()
    assert {file["sha256"] for file in files} == store.stored()


def test_a_run_that_came_deleted_has_its_thirty_days_from_the_first_look(store):
    client = store.space.client("developer")
    run = client.post(f"{MLFLOW}/runs/create", json={"experiment_id": "0"}).json()["run"]["info"]
    client.post(f"{MLFLOW}/runs/delete", json={"run_id": run["run_id"]})
    bins = expiry.DeletedRuns()
    with store.database.session(store.space.id) as db:
        db.query(Run).update({"deleted_ms": None})
        assert bins.remove(db, utcnow()) == 0
        assert bins.due(db, utcnow()) == []
        assert bins.remove(db, utcnow() + expiry.KEPT + DAY) == 1


def test_every_workspace_is_looked_through_once_a_day(store, platform):
    background.begin_collections(platform.database)
    background.begin_collections(platform.database)
    with platform.database.session(store.space.id, write=False) as db:
        assert db.query(Collection).count() == 1
    finish_jobs(platform)


SWEEP = """
import datetime as dt, sys, uuid
from pathlib import Path
from modelyard_server.adapters.blobs.filesystem import FilesystemBlobs
from modelyard_server.artifacts.collecting import Collector
from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.db import Database

folder, workspace, collection = Path(sys.argv[1]), int(sys.argv[2]), uuid.UUID(sys.argv[3])
database = Database(f"sqlite:///{folder}/modelyard.db")
blobs = FilesystemBlobs(folder / "artifacts")
day = dt.timedelta(days=1)
Collector(database, blobs, workspace, day, lambda: None).sweep(collection, utcnow())
"""


def test_a_kill_in_the_middle_of_a_sweep_costs_nothing(tmp_path):
    made = make_platform(f"sqlite:///{tmp_path / 'modelyard.db'}", tmp_path)
    store = Store(made.a_workspace())
    garbage = [f"garbage {number}".encode() for number in range(200)]
    for content in garbage:
        store.receive(content)
        store.made_old(content)
    store.keep("runs/a/kept.bin", b"kept")
    store.collect(utcnow() - 2 * DAY)
    with made.database.session(store.space.id) as db:
        begun = collections.begin(db, System(store.space.id), is_dry_run=False)

    argv = [sys.executable, "-c", SWEEP, str(tmp_path), str(store.space.id), str(begun.id)]
    killed = subprocess.Popen(argv, env={**os.environ, "PYTHONPATH": SOURCES})
    wait_for(lambda: len(store.stored()) < 190, 60, lambda: "Nothing was removed.")
    killed.kill()
    killed.wait(10)
    assert 1 < len(store.stored()) < 190
    finish_jobs(made)

    assert store.stored() == {sha(b"kept")}
    with made.database.session(store.space.id, write=False) as db:
        row = collections.get(db, begun.id)
    size = sum(len(content) for content in garbage)
    assert (row.state, row.removed_count, row.removed_bytes) == ("done", 200, size)
    made.database.engine.dispose()
