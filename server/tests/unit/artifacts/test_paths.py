"""Which paths artifacts may have."""

import pytest

from modelyard_server.artifacts.errors import PathRefused
from modelyard_server.artifacts.paths import checked


@pytest.mark.parametrize("path", ["MLmodel", "data/größe 1.txt", "a/b/..c", "a/b.c..", "50%.txt"])
def test_plain_names_pass_unchanged(path):
    assert checked(path) == path


BAD = ["", "/etc/passwd", "a/", "..", "a/../b", "a//b", ".", "a\\b", "a\0b", "a\nb", "C:/x"]
BAD += ["a/C:x", "%2e%2e/x", "a%2Fb", "a%5cb", "%252e", "a" * 256, "a/" * 600 + "b"]


@pytest.mark.parametrize("path", BAD)
def test_everything_else_is_refused(path):
    with pytest.raises(PathRefused):
        checked(path)
