"""Media types of the generated API: what a call may send, and what it may be answered with."""

from __future__ import annotations

import re
from enum import StrEnum

from .package import DType, Signature
from .records import Skin

JSON = "application/json"
CSV = "text/csv"
NPY = "application/x-npy"
ARROW = "application/vnd.apache.arrow.stream"
BINARY = "application/octet-stream"
PNG, JPEG = "image/png", "image/jpeg"
IMAGES = (PNG, JPEG)
# The last is what curl sends when nobody named a type.
JSON_LIKE = frozenset({JSON, "", "text/plain", "application/x-www-form-urlencoded"})
HEADER_LENGTH = "inference-header-content-length"
_LENGTH = re.compile(r";header=(\d{1,10})$")
_CHANNELS = frozenset({1, 3, 4})
MAX_ACCEPT = 1024


class Form(StrEnum):
    """How an answer is written."""

    json = JSON
    csv = CSV
    npy = NPY
    arrow = ARROW


_FORMS = (Form.json, Form.csv, Form.npy, Form.arrow)


def kind_of(content_type: str) -> str:
    """Give a media type without its parameters."""
    return content_type.split(";", 1)[0].strip().lower()


def is_json(kind: str) -> bool:
    """Tell whether a media type means JSON here."""
    return kind in JSON_LIKE or kind.endswith("+json")


def accepted(skin: Skin, signature: Signature) -> tuple[str, ...]:
    """Give the media types a call of this protocol may send."""
    if skin is Skin.v2:
        return (JSON, BINARY)
    images = IMAGES if image_shape(signature) is not None else ()
    return (JSON, CSV, NPY, ARROW, *images)


def is_accepted(skin: Skin, kind: str, signature: Signature) -> bool:
    """Tell whether a body of this type is read."""
    return is_json(kind) or kind in accepted(skin, signature)


def image_shape(signature: Signature) -> tuple[int, int, int, bool] | None:
    """Give (height, width, channels, channels come first) of a model that takes one image a row.

    Only a single numeric tensor of fixed size with 1, 3 or 4 channels is an image without doubt.
    """
    if len(signature.inputs) != 1 or signature.inputs[0].shape is None:
        return None
    column = signature.inputs[0]
    if column.dtype not in {DType.integer, DType.long, DType.float, DType.double}:
        return None
    inner = (column.shape or ())[1:]
    if any(size < 1 for size in inner):
        return None
    if len(inner) == 2 and min(inner) > 4:
        return inner[0], inner[1], 0, False
    if len(inner) == 3 and inner[2] in _CHANNELS and min(inner[:2]) > 4:
        return inner[0], inner[1], inner[2], False
    if len(inner) == 3 and inner[0] in _CHANNELS and min(inner[1:]) > 4:
        return inner[1], inner[2], inner[0], True
    return None


def binary_media(header_bytes: int) -> str:
    """Write the media type of a v2 body whose JSON header has so many bytes."""
    return f"{BINARY};header={header_bytes}"


def header_bytes(content_type: str) -> int | None:
    """Read what `binary_media` wrote; `None` for any other type."""
    found = _LENGTH.search(content_type)
    return int(found[1]) if found else None


def answer_form(skin: Skin, accept: str | None) -> Form | None:
    """Choose how to answer by the `Accept` header; `None`: nothing it names is offered.

    Without the header, or with a wildcard, an answer is JSON.
    """
    if not accept or accept == "*/*":
        return Form.json
    if len(accept) > MAX_ACCEPT:
        return None
    best, best_weight = None, 0.0
    for part in accept.split(","):
        name, _, parameters = part.partition(";")
        weight = _weight(parameters)
        form = _offered(skin, name.strip().lower())
        if form is not None and weight > best_weight:
            best, best_weight = form, weight
    return best


def _offered(skin: Skin, name: str) -> Form | None:
    if name in {"*/*", "application/*"} or is_json(name):
        return Form.json
    if skin is Skin.v2:  # its bodies say themselves which outputs are binary
        return Form.json if name == BINARY else None
    if name == "text/*":
        return Form.csv
    return next((form for form in _FORMS if form.value == name), None)


def _weight(parameters: str) -> float:
    found = re.search(r"\bq=([0-9.]{1,8})", parameters.replace(" ", "").lower())
    try:
        return min(1.0, float(found[1])) if found else 1.0
    except ValueError:
        return 0.0
