"""What a pickle names is listed without running it."""

import collections
import os
import pickle
import zipfile

import pytest

from modelyard_server.registry import pickles


class Shell:
    def __reduce__(self):
        return os.system, ("touch never",)


class Evaluated:
    def __reduce__(self):
        return eval, ("1",)


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(("evil", "name"), [(Shell(), ".system"), (Evaluated(), ".eval")])
def test_a_call_of_the_system_is_named(tmp_path, protocol, evil, name, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.pkl").write_bytes(pickle.dumps({"a": [evil, evil]}, protocol))

    (found,) = pickles.inspect_folder(tmp_path)

    assert [n for n in found.dangerous if n.endswith(name)]
    assert found.calls >= 1
    assert not (tmp_path / "never").exists()


def test_names_recalled_from_the_memo_are_found(tmp_path):
    both = pickle.dumps([collections.OrderedDict(), collections.OrderedDict, os.system], 4)
    (tmp_path / "model.pkl").write_bytes(both)
    (found,) = pickles.inspect_folder(tmp_path)
    assert "collections.OrderedDict" in found.imports
    assert len(found.dangerous) == 1


def test_harmless_values_name_nothing(tmp_path):
    (tmp_path / "model.pkl").write_bytes(pickle.dumps({"weights": [1.0, 2.0]}))
    (found,) = pickles.inspect_folder(tmp_path)
    assert (found.imports, found.dangerous, found.unreadable) == ([], [], None)


def test_an_archive_is_looked_into(tmp_path):
    with zipfile.ZipFile(tmp_path / "model.pt", "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(Shell()))
    (found,) = pickles.inspect_folder(tmp_path)
    assert found.dangerous


def test_a_damaged_pickle_is_reported(tmp_path):
    (tmp_path / "model.pkl").write_bytes(pickle.dumps([1, 2, 3])[:-2])
    (found,) = pickles.inspect_folder(tmp_path)
    assert found.unreadable
