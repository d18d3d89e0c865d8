"""What a model asks to be installed: reading requirement lines, comparing them with what is there.

Pure: nothing here starts a process or touches the network.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from .errors import RequirementsUnresolvable

_CONSTRAINTS = re.compile(r"(?:-c|--constraint)[ =]\s*(?P<path>[\w.\-]+)")
_COMMENT = re.compile(r"(^|\s)#.*$")
_SAME_WITHOUT_CUDA = {"xgboost": "xgboost-cpu"}
"""The same release of the same code, built without the libraries of a GPU we do not use."""
Installed = Callable[[str], str | None]
"""Gives the installed version of a distribution, or `None`."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Checked requirement lines."""

    requirements: tuple[Requirement, ...]
    constraints: tuple[Requirement, ...] = ()

    @property
    def lines(self) -> list[str]:
        return sorted({str(requirement) for requirement in self.requirements})

    @property
    def constraint_lines(self) -> list[str]:
        return sorted({str(requirement) for requirement in self.constraints})

    def key(self, python: str) -> str:
        """Name this question to the resolver: same lines and Python, same answer."""
        whole = "\n".join([python, *self.lines, "--", *self.constraint_lines])
        return hashlib.sha256(whole.encode()).hexdigest()


def read(
    lines: Sequence[str],
    platform_lines: Sequence[str],
    *,
    read_constraints: Callable[[str], list[str]],
) -> Wanted:
    """Check a model's lines and add the runtime's.

    A model may name released distributions only. Options, addresses and paths would let it choose
    where code comes from, or run code while it is being installed.

    Raises:
        RequirementsUnresolvable: a line is not a plain requirement.
    """
    wanted: list[Requirement] = []
    limits: list[Requirement] = []
    for line in _logical(lines):
        constraints = _CONSTRAINTS.fullmatch(line)
        if constraints is not None:
            limits += [_plain(text) for text in _logical(read_constraints(constraints["path"]))]
        else:
            wanted.append(_plain(line))
    wanted += [_plain(line) for line in _logical(platform_lines)]
    return Wanted(tuple(r for r in wanted if _applies(r)), tuple(r for r in limits if _applies(r)))


def _logical(lines: Sequence[str]) -> list[str]:
    text = "\n".join(lines).replace("\\\n", " ")
    return [bare for line in text.splitlines() if (bare := _COMMENT.sub("", line).strip())]


def _plain(line: str) -> Requirement:
    if line.startswith("-"):
        option = line.split(maxsplit=1)[0].split("=", maxsplit=1)[0]
        raise RequirementsUnresolvable(
            f"The model's requirements use the option {option}; only names with versions may be "
            "installed."
        )
    try:
        requirement = Requirement(line.split(" --hash", maxsplit=1)[0].strip())
    except InvalidRequirement:
        raise RequirementsUnresolvable(
            f"'{line[:200]}' in the model's requirements is not a requirement we can install. "
            "Use lines such as scikit-learn==1.9.1."
        ) from None
    if requirement.url is not None:
        raise RequirementsUnresolvable(
            f"The model's requirements take {requirement.name} from an address. "
            "Only released versions from the package registry can be installed."
        )
    return requirement


def _applies(requirement: Requirement) -> bool:
    return requirement.marker is None or requirement.marker.evaluate()


def pinned_version(requirement: Requirement) -> str | None:
    """Give the one version a requirement allows, or `None` when it allows several."""
    specifiers = list(requirement.specifier)
    if len(specifiers) != 1 or specifiers[0].operator not in {"==", "==="}:
        return None
    version = specifiers[0].version
    return None if version.endswith(".*") else version


def installed_version(name: str) -> str | None:
    """Give the version of a distribution, or of its equal build, in this process's environment."""
    for known in (name, _SAME_WITHOUT_CUDA.get(name)):
        if known is not None:
            with suppress(metadata.PackageNotFoundError):
                return metadata.version(known)
    return None


def satisfied_exactly(wanted: Wanted, installed: Installed = installed_version) -> bool | None:
    """Tell whether what is installed is what the lines pin.

    `None`: the lines leave a choice, so only the resolver can tell.
    """
    answer: bool | None = True
    for requirement in wanted.requirements:
        pin = pinned_version(requirement)
        present = installed(canonicalize_name(requirement.name))
        if pin is None or requirement.extras:
            if present is None or not requirement.specifier.contains(present, prereleases=True):
                return False
            answer = None
        elif present is None or not same_version(pin, present):
            return False
    for limit in wanted.constraints:
        present = installed(canonicalize_name(limit.name))
        if present is not None and not limit.specifier.contains(present, prereleases=True):
            return False
    return answer


def same_version(left: str, right: str) -> bool:
    """Compare versions as PEP 440 does; a local part (`+cpu`) of what is installed may differ."""
    try:
        first, second = Version(left), Version(right)
    except InvalidVersion:
        return left == right
    return first == second or (first.local is None and first.public == second.public)


def pins_of_lock(lock: str) -> dict[str, str]:
    """Read `name → version` from a lock of `uv pip compile`."""
    pins: dict[str, str] = {}
    for line in _logical(lock.splitlines()):
        requirement = Requirement(line.split(" --hash")[0].strip())
        if _applies(requirement) and (pin := pinned_version(requirement)) is not None:
            pins[canonicalize_name(requirement.name)] = pin
    return pins


def lock_satisfied(lock: str, installed: Installed = installed_version) -> bool:
    """Tell whether every pin of a lock is installed in exactly that version."""
    return all(
        (present := installed(name)) is not None and same_version(pin, present)
        for name, pin in pins_of_lock(lock).items()
    )


def requirement_names(wanted: Wanted) -> list[str]:
    """List `name==version` of exact pins, for a lock of a reused environment."""
    return sorted(
        f"{canonicalize_name(requirement.name)}=={installed_version(requirement.name)}"
        for requirement in wanted.requirements
    )


def same_python(asked: str | None, platform: tuple[int, int]) -> bool:
    """Tell whether a model's Python has the platform's minor version."""
    if not asked:
        return True
    found = re.match(r"(\d+)\.(\d+)", asked)
    return found is not None and (int(found[1]), int(found[2])) == platform
