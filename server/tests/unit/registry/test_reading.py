"""Reading an MLmodel without loading the model."""

import hashlib
from dataclasses import dataclass

import pytest

from modelyard_server.registry.errors import PackageUnreadable
from modelyard_server.registry.reading import content_digest, read_facts

MLMODEL = b"""
flavors:
  python_function: {loader_module: mlflow.sklearn, model_path: model.pkl, python_version: 3.11.7}
  sklearn: {pickled_model: model.pkl}
saved_input_example_info: {artifact_path: input_example.json}
signature:
  inputs: '[{"type": "double", "name": "x", "required": true}]'
"""


@dataclass
class File:
    path: str
    content: bytes

    @property
    def size_bytes(self):
        return len(self.content)

    @property
    def sha256(self):
        return hashlib.sha256(self.content).hexdigest()


def facts(**content):
    files = [File(path.replace("__", "."), body) for path, body in content.items()]
    return read_facts(files, lambda path, _limit: next(f.content for f in files if f.path == path))


def test_a_package_says_what_it_needs():
    found = facts(
        MLmodel=MLMODEL,
        model__pkl=b"p",
        requirements__txt=b"numpy==2\n\nscipy\n",
        input_example__json=b'{"x": [1]}',
    )
    assert found.package.engine == "sklearn"
    assert found.package.python_version == "3.11.7"
    assert [column.name for column in found.package.signature.inputs] == ["x"]
    assert found.requirements == ["numpy==2", "scipy"]
    assert found.input_example == {"x": [1]}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({}, "no files"),
        ({"model__pkl": b"p"}, "not an MLflow model"),
        ({"MLmodel": MLMODEL}, "names model.pkl"),
        ({"MLmodel": b"a: [1"}, "not valid YAML"),
        ({"MLmodel": b"- 1"}, "not a mapping"),
        ({"MLmodel": b"flavors: {}"}, "no flavors"),
        ({"MLmodel": b"x: !!python/object/apply:os.system [id]"}, "not valid YAML"),
        ({"MLmodel": b"flavors: {a: {}}\nsignature: {inputs: '{'}"}, "cannot be understood"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_reason(content, reason):
    with pytest.raises(PackageUnreadable, match=reason):
        facts(**content)


def test_values_blown_up_by_references_are_refused():
    levels = ["a0: &a0 [1,1,1,1,1,1,1,1,1,1]"]
    levels += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 8)]
    bomb = "\n".join([*levels, "flavors: {f: {}}", "metadata: {example_prediction: *a7}"])
    with pytest.raises(PackageUnreadable, match="too many values"):
        facts(MLmodel=bomb.encode())


def test_the_digest_depends_on_content_and_paths_not_on_order():
    one, two = File("a", b"1"), File("b", b"2")
    assert content_digest([one, two]) == content_digest([two, one])
    assert content_digest([one, two]) != content_digest([File("b", b"1"), File("a", b"2")])
