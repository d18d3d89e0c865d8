"""Calls of language endpoints, in the shapes of OpenAI's API. Pure.

A field that is not honoured is refused, unless it changes nothing of the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from .records import Skin

ENGINE = "llama.cpp"
LANGUAGE = frozenset({Skin.chat, Skin.completions, Skin.embeddings})
PATHS = {
    "v1/chat/completions": Skin.chat,
    "v1/completions": Skin.completions,
    "v1/embeddings": Skin.embeddings,
}
PROMPT, RESPONSE = "prompt", "response"
"""Names under which the texts of a call are kept, where they are."""
MAX_MESSAGES = 2000
MAX_INPUTS = 256  # of one call for embeddings
_ROLES = ("system", "developer", "user", "assistant")
_FORMATS = ("text", "json_object", "json_schema")

Check = Callable[[str, Any], Any]


class Unfit(Exception):
    """The body asks for something that is not done here. `param`: the field that does."""

    def __init__(self, detail: str, param: str | None = None, reason: str = "invalid_value"):
        self.detail, self.param, self.reason = detail, param, reason
        super().__init__(detail)


@dataclass(frozen=True, slots=True)
class Asked:
    """A call that can be answered."""

    payload: dict[str, Any]
    """For the engine."""
    is_stream: bool
    tells_usage: bool
    """The last event of the stream is to count the tokens."""
    prompt: str
    """All text of the caller."""


def read(skin: Skin, body: bytes, models: Collection[str]) -> Asked:
    """Read a body; `models` are the names under which this endpoint's model may be asked for.

    Raises:
        Unfit: it is not such a body, or asks for what is not done here.
    """
    try:
        asked = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Unfit(f"The body is not JSON: {error}.", None, "invalid_json") from None
    if not isinstance(asked, dict):
        raise Unfit("The body must be a JSON object.", None, "invalid_json")
    given = {name: value for name, value in asked.items() if value is not None}
    name = given.pop("model", None)
    if name is not None and (not isinstance(name, str) or name not in models):
        known = ", ".join(sorted(models))
        raise Unfit(f"The model {name!r} is not served here, only {known}.", "model", "not_found")
    fields, needed = _FIELDS[skin], _NEEDED[skin]
    if needed not in given:
        raise Unfit(f"{needed} is missing.", needed, "missing")
    found: dict[str, Any] = {}
    for field, value in given.items():
        if field in fields:
            found[field] = fields[field](field, value)
        elif field in _NEUTRAL and value in _NEUTRAL[field]:
            continue
        elif field not in _WITHOUT_MEANING:
            raise Unfit(f"{field} is not supported here; leave it out.", field, "unsupported")
    return _asked(skin, found)


def _asked(skin: Skin, found: dict[str, Any]) -> Asked:
    if skin is Skin.embeddings:
        return Asked(found, False, False, "\n".join(found["input"]))
    is_stream = found.pop("stream", False)
    options = found.pop("stream_options", None)
    if options is not None and not is_stream:
        raise Unfit("stream_options needs stream.", "stream_options")
    if "max_completion_tokens" in found:
        found["max_tokens"] = found.pop("max_completion_tokens")
    if skin is Skin.completions:
        found.setdefault("max_tokens", 16)  # as the API says
        prompt = found["prompt"]
    else:
        prompt = orjson.dumps(found["messages"]).decode()
    return Asked(found, is_stream, bool(options and options.get("include_usage")), prompt)


def models(names: Collection[str], created: int) -> bytes:
    """Write the list of models."""
    entries = [
        {"id": name, "object": "model", "created": created, "owned_by": "modelyard"}
        for name in names
    ]
    return orjson.dumps({"object": "list", "data": entries})


def error(detail: str, status: int, code: str, param: str | None) -> dict[str, Any]:
    """Give the `error` that OpenAI's clients read."""
    kinds = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
    kind = kinds.get(status) or ("server_error" if status >= 500 else "invalid_request_error")
    return {"message": detail, "type": kind, "param": param, "code": code}


# -- fields


def _number(low: int, high: int, *, is_whole: bool = False) -> Check:
    kinds, told = (int, "a whole number") if is_whole else (int | float, "a number")

    def check(field: str, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, kinds):
            raise Unfit(f"{field} must be {told}.", field)
        if not low <= value <= high:
            raise Unfit(f"{field} must be between {low} and {high}.", field)
        return value

    return check


def _flag(field: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise Unfit(f"{field} must be true or false.", field)
    return value


def _stop(field: str, value: Any) -> list[str]:
    words = [value] if isinstance(value, str) else value
    is_few = isinstance(words, list) and len(words) <= 4
    if not is_few or not all(isinstance(word, str) and word for word in words):
        raise Unfit(f"{field} must be a text or a list of up to four.", field)
    found: list[str] = words
    return found


def _options(field: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or not set(value) <= {"include_usage", "include_obfuscation"}:
        raise Unfit(f"{field} may hold include_usage.", field)
    if value.get("include_obfuscation"):
        raise Unfit("include_obfuscation is not supported here.", field, "unsupported")
    return {"include_usage": _flag(f"{field}.include_usage", value.get("include_usage", False))}


def _format(field: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or value.get("type") not in _FORMATS:
        raise Unfit(f"{field}.type must be one of {', '.join(_FORMATS)}.", field)
    if value["type"] != "json_schema":
        return {"type": value["type"]}
    told = value.get("json_schema")
    if not isinstance(told, dict) or not isinstance(told.get("schema"), dict):
        raise Unfit(f"{field}.json_schema.schema is missing.", field)
    return {"type": "json_schema", "json_schema": {"schema": told["schema"]}}


def _messages(field: str, value: Any) -> list[dict[str, str]]:
    if not isinstance(value, list) or not 0 < len(value) <= MAX_MESSAGES:
        raise Unfit(f"{field} must be a list of 1 to {MAX_MESSAGES} messages.", field)
    return [_message(f"{field}[{at}]", message) for at, message in enumerate(value)]


def _message(field: str, message: Any) -> dict[str, str]:
    if not isinstance(message, dict):
        raise Unfit(f"{field} must be an object.", field)
    role = message.get("role")
    if role not in _ROLES:
        raise Unfit(f"{field}.role must be one of {', '.join(_ROLES)}.", f"{field}.role")
    extra = {k for k, v in message.items() if v is not None} - {"role", "content", "name"}
    if extra:
        word = min(extra)
        raise Unfit(f"{field}.{word} is not supported here.", f"{field}.{word}", "unsupported")
    name = "system" if role == "developer" else role
    return {"role": name, "content": _content(f"{field}.content", message.get("content"))}


def _content(field: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    if not isinstance(value, list) or not value:
        raise Unfit(f"{field} must be a text, or a list of parts.", field)
    texts = []
    for part in value:
        is_text = isinstance(part, dict) and part.get("type") == "text"
        if not is_text or not isinstance(part.get("text"), str):
            raise Unfit(f"{field} may hold parts of type text only.", field, "unsupported")
        texts.append(part["text"])
    return "".join(texts)


def _prompt(field: str, value: Any) -> str:
    text = value[0] if isinstance(value, list) and len(value) == 1 else value
    if not isinstance(text, str) or not text:
        raise Unfit(f"{field} must be one text.", field, "unsupported")
    return text


def _inputs(field: str, value: Any) -> list[str]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not 0 < len(texts) <= MAX_INPUTS:
        raise Unfit(f"{field} must be a text, or a list of 1 to {MAX_INPUTS}.", field)
    if not all(isinstance(text, str) and text for text in texts):
        raise Unfit(f"{field} must hold texts; tokens are not taken, nor empty ones.", field)
    found: list[str] = texts
    return found


def _encoding(field: str, value: Any) -> str:
    if value not in ("float", "base64"):
        raise Unfit(f"{field} must be float or base64.", field)
    return str(value)


_SAMPLING: Mapping[str, Check] = {
    "max_tokens": _number(1, 1_000_000, is_whole=True),
    "temperature": _number(0, 2),
    "top_p": _number(0, 1),
    "presence_penalty": _number(-2, 2),
    "frequency_penalty": _number(-2, 2),
    "seed": _number(0, 2**32 - 2, is_whole=True),
    "stop": _stop,
    "stream": _flag,
    "stream_options": _options,
}
_FIELDS: Mapping[Skin, Mapping[str, Check]] = {
    Skin.chat: {
        **_SAMPLING,
        "messages": _messages,
        "max_completion_tokens": _number(1, 1_000_000, is_whole=True),
        "response_format": _format,
    },
    Skin.completions: {**_SAMPLING, "prompt": _prompt},
    Skin.embeddings: {"input": _inputs, "encoding_format": _encoding},
}
_NEEDED = {Skin.chat: "messages", Skin.completions: "prompt", Skin.embeddings: "input"}
_NEUTRAL: Mapping[str, tuple[Any, ...]] = {
    "n": (1,),
    "best_of": (1,),
    "echo": (False,),
    "logprobs": (False,),
    "store": (False,),
    "tools": ([],),
    "tool_choice": ("none", "auto"),
    "logit_bias": ({},),
    "suffix": ("",),
    "service_tier": ("auto", "default"),
    "modalities": (["text"],),
}
"""Values that say what is done anyway. All others of these fields are refused."""
_WITHOUT_MEANING = frozenset({"user", "metadata", "safety_identifier", "prompt_cache_key"})
"""They name the caller and change nothing of the answer."""
