"""PNG and JPEG bodies for models that take one image a row: made into an array of their pixels.

Nothing is scaled and nothing resized: values are 0 to 255, and the image has the model's size.
"""

from __future__ import annotations

import io
import struct

from modelyard_protocol import media
from modelyard_protocol.package import Signature

from .refusals import Refusal

_MODES = {0: "L", 1: "L", 3: "RGB", 4: "RGBA"}


def to_array(body: bytes, signature: Signature) -> bytes:
    """Give an image's pixels as an `.npy` body of one row.

    Raises:
        Refusal: it is no image, or not one of the model's size.
    """
    wanted = media.image_shape(signature)
    if wanted is None:
        raise _unfit("the model takes no images")
    height, width, channels, first = wanted
    shape: tuple[int, ...]
    pixels = _pixels(body, height, width, _MODES[channels])
    if first and channels:
        pixels = b"".join(pixels[at::channels] for at in range(channels))
        shape = (1, channels, height, width)
    else:
        shape = (1, height, width, channels) if channels else (1, height, width)
    return _head(shape) + pixels


def _pixels(body: bytes, height: int, width: int, mode: str) -> bytes:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(body), formats=("PNG", "JPEG")) as image:
            if image.size != (width, height):  # known from the head: nothing large is unpacked
                told = f"{image.size[0]} x {image.size[1]}"
                raise _unfit(f"the image has {told} pixels, the model takes {width} x {height}")
            if image.mode in {"I", "I;16", "F"}:
                raise _unfit("the image has more than 8 bits a channel")
            return image.convert(mode).tobytes()
    except (OSError, ValueError, SyntaxError, struct.error, Image.DecompressionBombError):
        raise _unfit("the body is not a whole PNG or JPEG image") from None


def _head(shape: tuple[int, ...]) -> bytes:
    text = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}"
    text += " " * (-(len(text) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


def _unfit(problem: str) -> Refusal:
    fields = [{"row": 0, "column": None, "problem": problem}]
    detail = f"The input does not fit the model: {problem}."
    return Refusal(422, "inference.invalid_rows", detail, fields=fields)
