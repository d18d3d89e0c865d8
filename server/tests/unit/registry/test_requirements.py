"""Reading a model's requirements and comparing them with what is installed."""

import pytest

from modelyard_server.registry import requirements, uv
from modelyard_server.registry.errors import RequirementsUnresolvable

INSTALLED = {"numpy": "2.4.6", "scikit-learn": "1.9.1", "torch": "2.9.0+cpu", "pydantic": "2.14.3"}


def wanted(*lines, constraints=()):
    return requirements.read(
        lines, ["pydantic==2.14.3"], read_constraints=lambda _path: list(constraints)
    )


@pytest.mark.parametrize(
    ("lines", "answer"),
    [
        (["numpy==2.4.6", "scikit-learn==1.9.1"], True),
        (["NumPy==2.4.6  # arrays", "", "# nothing"], True),
        (["torch==2.9.0"], True),
        (["numpy==2.4.5"], False),
        (["xgboost==3.2.0"], False),
        (["numpy>=2"], None),
        (["numpy>=3"], False),
        (["numpy==2.*"], None),
        (["pywin32==300; sys_platform == 'win32'"], True),
    ],
)
def test_exact_pins_need_no_resolver(lines, answer):
    assert requirements.satisfied_exactly(wanted(*lines), INSTALLED.get) is answer


def test_a_constraint_that_is_not_met_forbids_the_platform():
    asked = wanted("scikit-learn==1.9.1", "-c constraints.txt", constraints=["numpy<2"])
    assert requirements.satisfied_exactly(asked, INSTALLED.get) is False
    assert asked.constraint_lines == ["numpy<2"]


@pytest.mark.parametrize(
    "line",
    [
        "-r other.txt",
        "--index-url=https://example.com/simple",
        "-e .",
        "git+https://example.com/x.git",
        "x @ https://example.com/x.whl",
        "./local.whl",
        "numpy==2.4.6; $(touch /tmp/x)",
    ],
)
def test_a_model_cannot_choose_where_code_comes_from(line):
    with pytest.raises(RequirementsUnresolvable):
        wanted(line)


def test_a_lock_is_compared_pin_by_pin():
    hashed = " \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n"
    lock = f"numpy==2.4.6{hashed}pydantic==2.14.3{hashed}"
    assert requirements.pins_of_lock(lock) == {"numpy": "2.4.6", "pydantic": "2.14.3"}
    assert requirements.lock_satisfied(lock, INSTALLED.get)
    assert not requirements.lock_satisfied(lock.replace("2.4.6", "2.4.5"), INSTALLED.get)


def test_xgboost_is_the_same_release_without_cuda(monkeypatch):
    installed = {"xgboost-cpu": "3.2.0", "pydantic": "2.14.3"}

    def version(name):
        if name not in installed:
            raise requirements.metadata.PackageNotFoundError(name)
        return installed[name]

    monkeypatch.setattr(requirements.metadata, "version", version)
    assert requirements.satisfied_exactly(wanted("xgboost==3.2.0", "xgboost-cpu==3.2.0")) is True
    assert requirements.satisfied_exactly(wanted("xgboost==3.1.0")) is False
    assert requirements.satisfied_exactly(wanted("lightgbm==3.2.0")) is False


def test_the_same_question_has_the_same_key():
    assert wanted("a==1", "b==2").key("3.11") == wanted("b==2", "a==1").key("3.11")
    assert wanted("a==1").key("3.11") != wanted("a==1").key("3.12")


def test_the_resolvers_reason_reads_as_sentences():
    said = (
        "  \u00d7 No solution found when resolving dependencies:\n"
        "  ╰─▶ Because there is no version of six==99 and you\n      require six==99, …"
    )
    assert uv.readable(said) == "Because there is no version of six==99 and you require six==99, …"


@pytest.mark.parametrize(
    ("asked", "same"), [("3.11.7", True), (None, True), ("3.12.1", False), ("3.1", False)]
)
def test_python_must_have_the_same_minor_version(asked, same):
    assert requirements.same_python(asked, (3, 11)) is same
