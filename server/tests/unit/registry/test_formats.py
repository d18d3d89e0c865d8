"""A file's format is told from its content; every name in the fixtures is misleading."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.make.formats import FORMATS

from modelyard_server.registry.formats import detect, detect_folder, why_not_deployable


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_is_recognised_without_its_extension(tmp_path, name):
    made = FORMATS[name](tmp_path)
    found, told_from = detect_folder(tmp_path)
    assert found.name == name.partition(" ")[0]
    assert found.evidence.endswith(".")
    assert told_from == made.name


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "mlflow/package"])
def test_what_has_no_mlmodel_says_why_it_is_not_served(tmp_path, name):
    FORMATS[name](tmp_path)
    found, _ = detect_folder(tmp_path)
    why = why_not_deployable(found, ["one"])
    assert why is not None
    assert "log_model" in why


def test_a_saved_model_says_whose_graphs_it_holds(tmp_path):
    made = FORMATS["tensorflow/saved_model"](tmp_path)
    found, _ = detect_folder(tmp_path)
    says = "It is a SavedModel of TensorFlow 2.21.0 for serve, signatures serving_default."
    assert found.evidence == says
    whole = made.read_bytes()
    for other in (whole[:-1], b"\x08\x01\x12\x04\x0a\x02\x0a\x00", b""):
        made.write_bytes(other)  # cut off; a message like it without tags; nothing
        assert detect_folder(tmp_path)[0].name == "opaque"


def test_an_mlflow_package_can_be_served(tmp_path):
    FORMATS["mlflow/package"](tmp_path)
    assert why_not_deployable(detect_folder(tmp_path)[0], ["MLmodel"]) is None


def test_a_language_model_in_a_gguf_file_can_be_served(tmp_path):
    FORMATS["gguf/gguf"](tmp_path)
    assert why_not_deployable(detect_folder(tmp_path)[0], ["llm.gguf"]) is None


def test_an_empty_folder_is_opaque(tmp_path):
    found, told_from = detect_folder(tmp_path)
    assert (found.name, told_from) == ("opaque", None)


@given(
    content=st.binary(max_size=300),
    start=st.sampled_from(
        [
            b"",
            b"GGUF",
            b"\x80\x04",
            b"PK\x03\x04",
            b"\x08\x01",
            b"{",
            b"\x1f\x8b",
            b"\x78\x9c",
            b"\x89HDF\r\n\x1a\n",
            b"\x10\0\0\0\0\0\0\0{",
        ]
    ),
)
def test_any_content_has_a_format(tmp_path_factory, content, start):
    file = tmp_path_factory.mktemp("any") / "file"
    file.write_bytes(start + content)
    assert detect(file).name
