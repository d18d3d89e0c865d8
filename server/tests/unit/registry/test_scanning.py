"""What a scan calls blocked, suspicious and clean; nothing is ever loaded."""

import zipfile

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.make.formats import FORMATS
from tests.make.malice import BLOCKED, SUSPICIOUS

from modelyard_server.registry import allowed, archives, scanning
from modelyard_server.registry.scanning import Level, Verdict


@pytest.mark.parametrize("name", BLOCKED)
def test_malice_is_blocked_with_a_reason(tmp_path, name, monkeypatch):
    monkeypatch.chdir(tmp_path)
    BLOCKED[name](tmp_path)
    found = scanning.scan(tmp_path)
    assert found.verdict is Verdict.blocked, found.reasons
    assert all(reason.path and reason.says for reason in found.reasons)
    assert not (tmp_path / "never").exists()


@pytest.mark.parametrize("name", SUSPICIOUS)
def test_what_nobody_can_tell_is_suspicious(tmp_path, name):
    SUSPICIOUS[name](tmp_path)
    found = scanning.scan(tmp_path)
    assert found.verdict is Verdict.suspicious, found.reasons


@pytest.mark.parametrize("name", FORMATS)
def test_honest_files_of_every_format_are_clean(tmp_path, name):
    FORMATS[name](tmp_path)
    found = scanning.scan(tmp_path)
    assert found.verdict is Verdict.clean, found.reasons


def a_zip(path, *, entries, name="part-{}.txt"):
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(entries):
            archive.writestr(name.format(number), b"x")


def test_a_directory_is_read_once_however_many_questions_are_asked(tmp_path, monkeypatch):
    a_zip(tmp_path / "many.zip", entries=200)
    read = []
    get = zipfile.ZipFile._RealGetContents
    monkeypatch.setattr(
        zipfile.ZipFile, "_RealGetContents", lambda self: (read.append(1), get(self))
    )
    assert scanning.scan(tmp_path).verdict is Verdict.clean
    assert len(read) == 1


@pytest.mark.parametrize("name", ["part-{}.txt", "part-{}.pkl"])
def test_a_zip_of_too_many_entries_is_blocked_before_it_is_taken_apart(tmp_path, monkeypatch, name):
    monkeypatch.setattr(archives, "MAX_ENTRIES", 100)
    a_zip(tmp_path / "most.zip", entries=100, name=name)
    assert scanning.scan(tmp_path).verdict is not Verdict.blocked
    a_zip(tmp_path / "more.zip", entries=101, name=name)
    found = scanning.scan(tmp_path)
    assert found.verdict is Verdict.blocked
    assert [reason.says for reason in found.reasons if reason.level is Level.blocked] == [
        "It has more than 100 entries."
    ]
    (tmp_path / "more.zip").rename(tmp_path / "inner.zip")
    with zipfile.ZipFile(tmp_path / "most.zip", "w") as outer:
        outer.write(tmp_path / "inner.zip", "inner.zip")
    (tmp_path / "inner.zip").unlink()
    says = scanning.scan(tmp_path).reasons[0].says
    assert says == "In 'inner.zip': It has more than 100 entries."


def test_contents_that_look_like_a_directory_do_not_count(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_ENTRIES", 100)
    header = b"PK\x01\x02" + b"\0" * 42
    with zipfile.ZipFile(tmp_path / "m.zip", "w") as archive:
        archive.writestr("inner.zip", header * 200)
        archive.writestr("raw.pkl", header * 200)
    says = [reason.says for reason in scanning.scan(tmp_path).reasons]
    assert not [one for one in says if "entries" in one]


def test_source_and_code_in_a_pickle_are_noticed(tmp_path):
    FORMATS["python/pickle"](tmp_path)
    (tmp_path / "model.py").write_text("print()")
    found = scanning.scan(tmp_path)
    assert {reason.level for reason in found.reasons} == {Level.notice}
    assert len(found.reasons) == 2


@pytest.mark.filterwarnings("ignore")
def test_a_python_model_that_mlflow_saved_is_clean(tmp_path):
    import mlflow.pyfunc

    class Adds(mlflow.pyfunc.PythonModel):
        def predict(self, context, model_input, params=None):
            return (model_input["width"] + model_input["height"]).tolist()

    Adds.__module__ = "__main__"
    mlflow.pyfunc.save_model(str(tmp_path / "m"), python_model=Adds(), pip_requirements=[])
    found = scanning.scan(tmp_path / "m")
    assert found.verdict is Verdict.clean, found.reasons


@pytest.mark.parametrize(
    ("name", "judgement"),
    [
        ("sklearn.pipeline.Pipeline", "known"),
        ("sklearn.tree._tree.Tree", "known"),
        ("numpy._core.multiarray._reconstruct", "known"),
        ("numpy.random.bit_generator.__pyx_unpickle_SeedSequence", "known"),
        ("torch.jit._pickle.restore_type_tag", "known"),
        ("torch.jit._pickle.build_boollist", "known"),
        ("numpy.load", "dangerous"),
        ("pandas.read_pickle", "dangerous"),
        ("pandas.eval", "dangerous"),
        ("sklearn.utils.os.system", "dangerous"),
        ("torch.storage._load_from_bytes", "dangerous"),
        ("joblib.load", "dangerous"),
        ("builtins.dict.__class__", "dangerous"),
        ("my.own.Model", "unknown"),
        ("?", "dangerous"),
    ],
)
def test_names_are_judged(name, judgement):
    assert allowed.judge(name) == judgement


@given(
    content=st.binary(max_size=400),
    start=st.sampled_from([b"", b"\x80\x04", b"PK\x03\x04", b"\x1f\x8b\x08", b"\x08\x07:"]),
)
@example(content=b"S'\\ '\n.", start=b"")  # Python warns of the escape, and reads on
@pytest.mark.filterwarnings("ignore:invalid escape sequence:DeprecationWarning")
def test_any_content_gets_a_verdict(tmp_path_factory, content, start):
    folder = tmp_path_factory.mktemp("any")
    (folder / "model.pkl").write_bytes(start + content)
    assert scanning.scan(folder).verdict in Verdict
