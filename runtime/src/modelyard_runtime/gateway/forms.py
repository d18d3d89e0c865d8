"""What a body may be, and answers other than plain JSON: agreed on before the body is read."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping

from modelyard_protocol import answer_forms, media, v2
from modelyard_protocol.language import LANGUAGE
from modelyard_protocol.media import Form
from modelyard_protocol.records import Skin
from modelyard_protocol.routing import Route

from .refusals import Outgoing, Refusal

Rewrite = Callable[[bytes, bytes], Outgoing | None]
"""(request, JSON answer) → the answer as it was asked for; `None`: as it is."""
_UNFIT = (ValueError, TypeError, KeyError, OverflowError, struct.error)


def check_head(route: Route, skin: Skin, headers: Mapping[str, str]) -> None:
    """Refuse bodies nobody could read and answers nobody could write.

    Raises:
        Refusal: 415 or 406.
    """
    kind = media.kind_of(headers.get("content-type", media.JSON))
    length = headers.get(media.HEADER_LENGTH) if skin is Skin.v2 else None
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise Refusal(415, _UNREAD, "Send the body as it is, without Content-Encoding.")
    if skin in LANGUAGE:
        if not media.is_json(kind):
            raise Refusal(415, _UNREAD, f"{kind!r} is not accepted here, send {media.JSON}.")
        return
    if length is not None and not (length.isdigit() and len(length) < 10):
        detail = "Inference-Header-Content-Length must be the number of bytes of the JSON header."
        raise Refusal(400, "inference.bad_request", detail)
    if kind == media.BINARY and skin is Skin.v2 and length is None:
        detail = "Binary tensors need Inference-Header-Content-Length: bytes of the JSON header."
        raise Refusal(415, _UNREAD, detail)
    if length is None and not media.is_accepted(skin, kind, route.signature):
        offered = ", ".join(media.accepted(skin, route.signature))
        raise Refusal(415, _UNREAD, f"{kind!r} is not accepted here, send one of {offered}.")
    if media.answer_form(skin, headers.get("accept")) is None:
        offered = ", ".join(form.value for form in Form) if skin is not Skin.v2 else media.JSON
        detail = f"No form that Accept names is offered, only {offered}."
        raise Refusal(406, "inference.not_acceptable", detail)


def rewriting(route: Route, skin: Skin, headers: Mapping[str, str]) -> Rewrite | None:
    """Give what makes the JSON answer into the one that was asked for; `None`: nothing to do."""
    if skin in LANGUAGE:
        return None
    if skin is Skin.v2:
        length = headers.get(media.HEADER_LENGTH)
        size = int(length) if length is not None else None

        def tensors(request: bytes, document: bytes) -> Outgoing | None:
            wish = v2.wanted(request if size is None else request[:size])
            if wish is None:
                return None
            try:
                body, head = v2.answer(document, wish)
            except _UNFIT as wrong:
                raise _not_acceptable(wrong) from None
            if head is None:
                return Outgoing(200, body)
            return Outgoing(200, body, media.BINARY, {"Inference-Header-Content-Length": str(head)})

        return tensors
    form = media.answer_form(skin, headers.get("accept"))
    if form is None or form is Form.json:
        return None
    shown = f"{form.value}; charset=utf-8; header=present" if form is Form.csv else form.value

    def other(request: bytes, document: bytes) -> Outgoing:
        del request
        try:
            body = answer_forms.written(form, skin, document, route.signature)
        except _UNFIT as wrong:
            raise _not_acceptable(wrong) from None
        return Outgoing(200, body, shown)

    return other


_UNREAD = "inference.unsupported_media_type"


def _not_acceptable(wrong: Exception) -> Refusal:
    if isinstance(wrong, v2.UnknownOutput):
        return Refusal(422, "inference.unknown_output", f"The call cannot be answered: {wrong}.")
    is_known = isinstance(wrong, answer_forms.NoSuchForm)
    detail = str(wrong) if is_known else "A prediction does not fit the form asked for."
    return Refusal(406, "inference.not_acceptable", detail)
