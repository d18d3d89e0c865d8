"""The OpenAPI document of a language endpoint's calls."""

from __future__ import annotations

from typing import Any

from .language import PATHS
from .records import Skin
from .routing import Route

_TEXT = {"type": "string"}
_SAMPLING = {
    "model": _TEXT,
    "max_tokens": {"type": "integer", "minimum": 1},
    "temperature": {"type": "number", "minimum": 0, "maximum": 2},
    "top_p": {"type": "number", "minimum": 0, "maximum": 1},
    "seed": {"type": "integer", "minimum": 0},
    "stop": {"type": "array", "items": _TEXT, "maxItems": 4},
    "stream": {"type": "boolean"},
}
_OWN: dict[Skin, tuple[str, str, str, dict[str, Any]]] = {
    Skin.chat: (
        "chat",
        "Continue a conversation.",
        "messages",
        {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["role", "content"],
                "properties": {
                    "role": {"enum": ["system", "developer", "user", "assistant"]},
                    "content": _TEXT,
                },
            },
        },
    ),
    Skin.completions: ("complete", "Continue a text.", "prompt", _TEXT),
    Skin.embeddings: (
        "embed",
        "Turn texts into vectors.",
        "input",
        {"type": "array", "items": _TEXT, "minItems": 1},
    ),
}


def paths(route: Route) -> dict[str, Any]:
    """Describe the calls of OpenAI's API that a language endpoint answers."""
    found: dict[str, Any] = {
        f"/{path}": {"post": _call(skin, _example(skin, route))} for path, skin in PATHS.items()
    }
    listed = {"operationId": "models", "summary": "List the model.", "responses": _ANSWERED}
    return {**found, "/v1/models": {"get": listed}}


def _example(skin: Skin, route: Route) -> dict[str, Any]:
    model = route.model or route.deployment
    if skin is Skin.chat:
        message = {"role": "user", "content": "Say hello in one sentence."}
        return {"model": model, "messages": [message], "max_tokens": 64}
    if skin is Skin.completions:
        return {"model": model, "prompt": "Once upon a time", "max_tokens": 64}
    return {"model": model, "input": ["a text", "another one"]}


_ANSWERED = {"200": {"description": "As OpenAI's API answers."}}


def _call(skin: Skin, example: dict[str, Any]) -> dict[str, Any]:
    operation, summary, needed, shape = _OWN[skin]
    more = {"model": _TEXT, "encoding_format": {"enum": ["float", "base64"]}}
    fields = more if skin is Skin.embeddings else _SAMPLING
    schema = {"type": "object", "required": [needed], "properties": {needed: shape, **fields}}
    body = {"application/json": {"schema": schema, "example": example}}
    return {
        "operationId": operation,
        "summary": summary,
        "requestBody": {"required": True, "content": body},
        "responses": _ANSWERED,
    }
