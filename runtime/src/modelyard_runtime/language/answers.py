"""One call to a language model, from the engine's events to what the caller is sent. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from modelyard_protocol.records import Skin

_DROPPED = ("timings", "system_fingerprint", "usage")


@dataclass(slots=True)
class Answer:
    """What a model has said so far."""

    skin: Skin
    model: str
    is_stream: bool
    tells_usage: bool
    texts: list[str] = field(default_factory=list)
    thoughts: list[str] = field(default_factory=list)
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    finish: str | None = None
    head: dict[str, Any] = field(default_factory=dict)
    error: dict[str, Any] | None = None

    def hear(self, raw: bytes) -> bytes | None:
        """Take an event of the engine; give what the caller of a stream is sent for it."""
        event = orjson.loads(raw)
        if "error" in event:
            self.error = event["error"]
            return None
        self._count(event)
        if not self.head:
            self.head = {"id": event.get("id"), "created": event.get("created")}
        if "prompt_progress" in event:  # it is still reading
            return None
        choices = event.get("choices") or []
        for choice in choices:
            self._add(choice)
        if not self.is_stream or not (choices or self.tells_usage):
            return None
        return b"data: " + orjson.dumps(self._event(event, has_choices=bool(choices))) + b"\n\n"

    def whole(self) -> bytes:
        """Write the answer of a call that was not to be streamed."""
        text = "".join(self.texts)
        said: dict[str, Any] = {"text": text}
        if self.skin is Skin.chat:
            said = {"message": {"role": "assistant", "content": text, "refusal": None}}
            if self.thoughts:
                said["message"]["reasoning_content"] = "".join(self.thoughts)
        choice = {"index": 0, **said, "logprobs": None, "finish_reason": self.finish or "stop"}
        kind = "chat.completion" if self.skin is Skin.chat else "text_completion"
        return orjson.dumps(
            {
                **self.head,
                "object": kind,
                "model": self.model,
                "choices": [choice],
                "usage": self.usage(),
            }
        )

    def usage(self) -> dict[str, Any]:
        """Give the tokens read and written until now."""
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "total_tokens": self.prompt_tokens + self.completion_tokens,
            "prompt_tokens_details": {"cached_tokens": self.cached_tokens},
        }

    def ended(self) -> bytes:
        """Write what the gateway is told when a stream is over."""
        return orjson.dumps({"usage": self.usage(), "text": "".join(self.texts)})

    def _count(self, event: dict[str, Any]) -> None:
        usage, timings = event.get("usage"), event.get("timings")
        if usage:
            self.prompt_tokens = usage["prompt_tokens"]
            self.completion_tokens = usage["completion_tokens"]
            details = usage.get("prompt_tokens_details") or {}
            self.cached_tokens = details.get("cached_tokens") or 0
        elif timings:
            self.cached_tokens = timings["cache_n"]
            self.prompt_tokens = timings["cache_n"] + timings["prompt_n"]
            self.completion_tokens = timings["predicted_n"]

    def _add(self, choice: dict[str, Any]) -> None:
        delta = choice.get("delta") or {}
        text = delta.get("content") or choice.get("text")
        if text:
            self.texts.append(text)
        if delta.get("reasoning_content"):
            self.thoughts.append(delta["reasoning_content"])
        self.finish = choice.get("finish_reason") or self.finish

    def _event(self, event: dict[str, Any], *, has_choices: bool) -> dict[str, Any]:
        shown = {name: value for name, value in event.items() if name not in _DROPPED}
        shown["model"] = self.model
        if self.tells_usage:
            shown["usage"] = None if has_choices else self.usage()
        return shown
