"""Answers that wait until the gateway lets in what they show."""

from __future__ import annotations

from pydantic import BaseModel

from modelyard_server.deployments.ports import Publisher
from modelyard_server.kernel.late import LateAnswer
from modelyard_server.workspaces.access import Actor

FOLLOW_SECONDS = 2.0  # the node looks several times a second; after that it works soon


def shown_once(made: BaseModel, publisher: Publisher, actor: Actor) -> LateAnswer:
    """Answer with a secret that was just made, which works then."""

    def settled() -> BaseModel:
        publisher.settle(FOLLOW_SECONDS, workspace_id=actor.workspace_id)
        return made

    return LateAnswer(settled, 201)
