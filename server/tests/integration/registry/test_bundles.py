"""A version leaves as one file and arrives elsewhere as it was, or not at all."""

import io
import json
import zipfile

import pytest
from tests.make.fixtures import make_platform
from tests.make.live import serving
from tests.make.registry import a_package, model_id, registered
from typer.testing import CliRunner

from modelyard.cli import app
from modelyard_protocol import bundle
from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.kernel.jobs import Worker
from modelyard_server.registry import bundle_keys

IMPORT = "/api/v1/bundles"


@pytest.fixture
def client(workspace):
    return workspace.client("developer")


def a_version(client, name="churn", files=None):
    registered(client, name, files or a_package(), description="quarterly")
    return f"/api/v1/models/{model_id(client, name)}/versions/1"


def exported(client, address, **query):
    answer = client.get(f"{address}/bundle", params=query)
    assert answer.status_code == 200, answer.text
    return answer.content


def stored(space):
    blobs = space.platform.services.get(BlobStore)
    return {found.sha256 for found in blobs.every(space.id)}


def rewritten(raw, *, skip=(), compress=zipfile.ZIP_STORED, **changes):
    """Write a bundle again with other members; `documents__x` is not needed: names are paths."""
    source, target = zipfile.ZipFile(io.BytesIO(raw)), io.BytesIO()
    with zipfile.ZipFile(target, "w", compress) as made:
        for entry in source.infolist():
            if entry.filename not in skip:
                made.writestr(entry.filename, changes.get(entry.filename, source.read(entry)))
        for path, content in changes.items():
            if path not in source.namelist():
                made.writestr(path, content)
    return target.getvalue()


def with_manifest(raw, change):
    """Change the manifest of a bundle, which breaks its signature: that is left out."""
    manifest = json.loads(zipfile.ZipFile(io.BytesIO(raw)).read(bundle.MANIFEST))
    change(manifest)
    return rewritten(raw, skip={bundle.SIGNATURE}, **{bundle.MANIFEST: bundle.as_bytes(manifest)})


def renamed_file(raw, path):
    """Give a file of the model another path, in the archive and in the manifest."""
    old = bundle.FILES + "model.pkl"
    content = zipfile.ZipFile(io.BytesIO(raw)).read(old)

    def change(manifest):
        next(m for m in manifest["files"] if m["path"] == old)["path"] = path

    return rewritten(with_manifest(raw, change), skip={old}, **{path: content})


def test_a_version_arrives_in_another_installation_as_it_was(client, tmp_path):
    address = a_version(client)
    client.put(f"{address.rpartition('/versions')[0]}/card", json={"text": "## Purpose\nWho."})
    raw = exported(client, address)
    assert exported(client, address) == raw
    key = client.get("/api/v1/bundle-key").json()["key"]
    there = make_platform(f"sqlite:///{tmp_path / 'modelyard.db'}", tmp_path)
    other = there.a_workspace().client("developer")
    assert other.get("/api/v1/bundle-key").json()["key"] != key

    made = other.post(IMPORT, params={"key": key}, content=raw)

    assert made.status_code == 201, made.text
    here, arrived = client.get(address).json(), made.json()
    same = ("model_name", "version", "digest", "size_bytes", "flavors", "inputs", "requirements")
    assert {name: arrived[name] for name in same} == {name: here[name] for name in same}
    assert arrived["description"] == "quarterly"
    place = f"/api/v1/models/{arrived['model_id']}"
    assert other.get(f"{place}/card").json()["text"] == "## Purpose\nWho."
    assert other.get(f"{place}/versions/1/files").json() == client.get(f"{address}/files").json()
    origin = other.get(f"{place}/versions/1/origin").json()
    assert (origin["name"], origin["version"], origin["signed_by"]) == ("churn", 1, key)
    assert {node["kind"] for node in origin["lineage"]["nodes"]} >= {"version", "run"}
    Worker(there.database, there.services).run_one()
    assert other.get(f"{place}/versions/1").json()["scan"]["verdict"] == "clean"
    again = other.post(IMPORT, content=raw)
    assert (again.status_code, again.json()["code"]) == (409, "registry.already_imported")
    there.database.engine.dispose()


def test_both_ends_leave_an_entry_and_an_import_is_the_next_version(client, workspace):
    raw = exported(client, a_version(client), sign=False)
    made = client.post(IMPORT, content=raw)
    assert made.json()["version"] == 2
    assert client.post(IMPORT, params={"name": "copy"}, content=raw).json()["version"] == 1
    events = workspace.client("admin").get("/api/v1/audit", params={"limit": 50}).json()["items"]
    by_action = {event["action"]: event for event in events}
    assert by_action["registry.export_version"]["after"]["is_signed"] is False
    assert by_action["registry.import_version"]["after"]["name"] == "churn"


def test_a_viewer_neither_exports_nor_imports(client, workspace):
    address = a_version(client)
    viewer = workspace.client("viewer")
    assert viewer.get(f"{address}/bundle").status_code == 403
    assert viewer.post(IMPORT, content=exported(client, address)).status_code == 403


def test_a_signature_is_asked_for_by_key(client):
    address = a_version(client)
    signed, unsigned = exported(client, address), exported(client, address, sign=False)
    key, foreign = client.get("/api/v1/bundle-key").json()["key"], bundle.key_text(b"k" * 32)
    for raw, asked, reason in (
        (unsigned, key, "not_signed"),
        (signed, foreign, "signed_by_another"),
        (rewritten(signed, **{bundle.SIGNATURE: broken_seal(signed)}), None, "signature_wrong"),
        (signed, "nonsense", "key_unreadable"),
    ):
        answer = client.post(IMPORT, params={"key": asked} if asked else {}, content=raw)
        assert (answer.status_code, answer.json()["reason"]) == (422, reason)
    assert client.post(IMPORT, params={"key": key}, content=signed).status_code == 201


def broken_seal(raw):
    seal = json.loads(zipfile.ZipFile(io.BytesIO(raw)).read(bundle.SIGNATURE))
    seal["signature"] = "A" * 86 + "=="
    return bundle.as_bytes(seal)


HARMFUL = {
    "not_a_bundle": lambda raw: b"no zip at all",
    "cut off": lambda raw: raw[:-30],
    "another zip": lambda raw: rewritten(raw, skip={bundle.MANIFEST}),
    "unknown_version": lambda raw: with_manifest(raw, lambda m: m.update(version=99)),
    "a changed file": lambda raw: rewritten(raw, **{"files/model.pkl": b"x"}),
    "a changed card": lambda raw: rewritten(raw, **{bundle.MODEL: b"{}"}),
    "a file too many": lambda raw: rewritten(raw, **{"files/more.bin": b"x"}),
    "a missing file": lambda raw: rewritten(raw, skip={"files/model.pkl"}),
    "compressed": lambda raw: rewritten(raw, compress=zipfile.ZIP_DEFLATED),
    "a bomb": lambda raw: rewritten(
        raw, compress=zipfile.ZIP_DEFLATED, **{"files/zeros": bytes(5_000_000)}
    ),
    "climbs": lambda raw: renamed_file(raw, "files/../../../etc/passwd"),
    "absolute": lambda raw: renamed_file(raw, "/etc/passwd"),
    "encoded twice": lambda raw: renamed_file(raw, "files/%2e%2e/x"),
    "another digest": lambda raw: with_manifest(raw, lambda m: m.update(digest="0" * 64)),
    "flipped byte": lambda raw: raw.replace(b"python_function", b"python_functiom", 1),
    "no model": lambda raw: with_manifest(raw, lambda m: m.update(files=[])),
    "a list": lambda raw: rewritten(raw, **{bundle.MANIFEST: b"[]"}),
    "nothing": lambda raw: b"",
}


@pytest.mark.parametrize("harm", HARMFUL)
def test_a_bundle_that_was_tampered_with_leaves_nothing(client, workspace, harm):
    raw = exported(client, a_version(client, "origin"), sign=False)
    before, events = stored(workspace), len(stored(workspace))
    answer = client.post(IMPORT, params={"name": "arrived"}, content=HARMFUL[harm](raw))
    assert (answer.status_code, answer.json()["code"]) == (422, "registry.bundle_invalid")
    assert client.get("/api/v1/models", params={"q": "arrived"}).json()["items"] == []
    assert (stored(workspace), len(before)) == (before, events)


def test_members_that_overlap_are_refused(client):
    """Two members over the same bytes: the trick by which stored archives grow."""
    raw = exported(client, a_version(client), sign=False)
    source = zipfile.ZipFile(io.BytesIO(raw))
    twin = bytearray(raw)
    directory = raw.rindex(b"PK\x01\x02")
    first = source.infolist()[0].header_offset
    twin[directory + 42 : directory + 46] = first.to_bytes(4, "little")
    answer = client.post(IMPORT, content=bytes(twin))
    assert answer.status_code == 422, answer.text
    assert answer.json()["reason"] in {"overlapping", "damaged"}


def test_a_version_without_files_that_can_be_read_is_not_exported(client):
    address = a_version(client, files=a_package() | {"MLmodel": b"a: ["})
    answer = client.get(f"{address}/bundle")
    assert (answer.status_code, answer.json()["code"]) == (409, "registry.version_not_ready")


def test_a_workspace_cannot_sign_as_another(platform):
    key = platform.app.state.root_key
    manifest = bundle.Manifest("m", 1, "0" * 64, ())
    seal = bundle_keys.sealed(key, 1, manifest)
    assert bundle_keys.verifies(seal.public_key, seal.signature, manifest.as_bytes())
    assert bundle_keys.public_key(key, 2) != seal.public_key
    assert not bundle_keys.verifies(
        bundle_keys.public_key(key, 2), seal.signature, manifest.as_bytes()
    )


def test_a_version_of_another_workspace_is_not_exported(client, platform):
    address = a_version(client)
    assert platform.a_workspace().client("admin").get(f"{address}/bundle").status_code == 404
    assert client.get(f"{address}/origin").json()["code"] == "registry.no_origin"


def test_the_command_line_takes_a_version_from_one_server_to_another(workspace, tmp_path):
    a_version(workspace.client("developer"))
    there = make_platform(f"sqlite:///{tmp_path / 'modelyard.db'}", tmp_path / "data")
    file, run = tmp_path / "churn.zip", CliRunner().invoke
    with serving(workspace.platform.app) as here_url, serving(there.app) as there_url:
        here = {"MODELYARD_URL": here_url, "MODELYARD_TOKEN": workspace.a_token("developer")}
        space = there.a_workspace()
        other = {"MODELYARD_URL": there_url, "MODELYARD_TOKEN": space.a_token("developer")}
        key = run(app, ["model", "key"], env=here).output.strip()
        made = run(app, ["model", "export", "churn", "1", "-o", str(file)], env=here)
        assert f"Signed by {key}" in made.output.replace("\n", ""), made.output
        brought = run(app, ["model", "import", str(file), "--key", key], env=other)
        assert "churn v1, content" in brought.output, brought.output
        again = run(app, ["model", "import", str(file)], env=other)
        assert (again.exit_code, "registry.already_imported" in again.output) == (1, True)
    verified = run(app, ["model", "verify", str(file), "--key", key], env={"MODELYARD_TOKEN": ""})
    assert (verified.exit_code, "every checksum is right" in verified.output) == (0, True)
    file.write_bytes(file.read_bytes().replace(b"python_function", b"python_functiom", 1))
    damaged = run(app, ["model", "verify", str(file)])
    assert (damaged.exit_code, "bundle.damaged" in damaged.output) == (1, True)
    assert not file.with_name("churn.zip.part").exists()
    there.database.engine.dispose()
