"""Which of a package's files is the language model."""

from __future__ import annotations

import re
from pathlib import Path

_PART = re.compile(r"-(\d{5})-of-\d{5}\.gguf$", re.IGNORECASE)


def weights(folder: Path) -> Path:
    """Give the GGUF file to load; of one in parts the first, which names the others.

    Raises:
        ValueError: there is none, or more than one.
    """
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() == ".gguf")
    texts = [path for path in found if "mmproj" not in path.name.lower()]
    first = [path for path in texts if (part := _PART.search(path.name)) is None or part[1] == _ONE]
    if not first:
        raise ValueError("The package has no GGUF file of a language model.")
    if len(first) > 1:
        names = ", ".join(str(path.relative_to(folder)) for path in first)
        raise ValueError(f"The package has more than one GGUF file: {names}. Register one each.")
    return first[0]


_ONE = "00001"
