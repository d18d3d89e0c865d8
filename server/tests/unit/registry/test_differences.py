"""Two versions side by side."""

from hypothesis import given
from hypothesis import strategies as st

from modelyard_server.registry import differences

VALUES = st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=6)


def test_what_changed_comes_first():
    found = differences.compare({"a": "1", "b": "2"}, {"a": "1", "b": "3", "c": "4"})
    assert [(d.name, d.a, d.b, d.changed) for d in found] == [
        ("b", "2", "3", True),
        ("c", None, "4", True),
        ("a", "1", "1", False),
    ]


def test_packages_are_named_as_pip_names_them():
    lines = ["Scikit_Learn==1.9.1", "numpy<2.5  # pinned", "", "# no", "pandas", "-r more.txt"]
    assert differences.packages([*lines, "torch[cpu] >= 2"]) == {
        "scikit-learn": "==1.9.1",
        "numpy": "<2.5",
        "pandas": "any version",
        "-r more.txt": "as written",
        "torch[cpu]": ">= 2",
    }


@given(VALUES, VALUES)
def test_every_name_appears_once_and_equal_sides_do_not_differ(a, b):
    found = differences.compare(a, b)
    assert sorted(d.name for d in found) == sorted({*a, *b})
    assert not any(d.changed for d in differences.compare(a, a))
