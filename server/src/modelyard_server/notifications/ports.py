"""What is said, and who says it: one adapter per kind of channel, in `adapters.channels`."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict

Kind = Literal["email", "slack", "teams", "pagerduty", "webhook"]
Severity = Literal["critical", "warning", "info"]
Event = Literal["fired", "repeated", "escalated", "resolved", "announced", "digest", "test"]


class Fact(BaseModel):
    """A name and a value beside the sentence."""

    model_config = ConfigDict(frozen=True)

    name: str
    value: str


class Notice(BaseModel):
    """What a channel tells: a sentence, facts, and where to go on."""

    model_config = ConfigDict(frozen=True)

    event: Event
    thread: str
    """Messages about the same alert share it."""
    subject: str
    """Of the thread; it stays the same while the alert lives."""
    title: str
    text: str
    severity: Severity
    facts: list[Fact] = []
    link: str | None = None
    at: dt.datetime
    details: dict[str, Any] = {}
    """For programs: ids and numbers."""

    @property
    def is_end(self) -> bool:
        """Tell whether the thread ends with it."""
        return self.event == "resolved"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a channel goes, opened for one delivery."""

    kind: Kind
    recipients: tuple[str, ...] = ()
    secrets: dict[str, str] = field(default_factory=dict, repr=False)


class NotDelivered(Exception):
    """The other side did not take it. The text is shown to people: never what it answered."""

    def __init__(self, reason: str, *, is_final: bool = False) -> None:
        super().__init__(reason)
        self.is_final = is_final
        """Trying again cannot help before somebody changes the channel."""


class ChannelAdapter(Protocol):
    """Speaks to one kind of channel. Register with `services.add(ChannelAdapter, …)`."""

    @property
    def kind(self) -> Kind:
        """Name the kind of channel it speaks to."""
        ...

    def send(self, address: Address, notice: Notice, message_id: uuid.UUID) -> None:
        """Deliver one notice. The same message id may come twice.

        Raises:
            NotDelivered: the other side did not take it.
        """
        ...
