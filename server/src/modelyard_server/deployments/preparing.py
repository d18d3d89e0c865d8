"""Makes versions runnable with what the registry offers."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from modelyard_server.kernel.db import Database
from modelyard_server.kernel.errors import DomainError
from modelyard_server.kernel.services import Services
from modelyard_server.registry import preparation, service
from modelyard_server.settings import Settings
from modelyard_server.workspaces.access import System

from .ports import Built, Outlook, Prepared, Verified


class RegistryPreparation:
    """`ports.Preparation` over `registry.preparation`."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def materialise(self, workspace_id: int, model_id: uuid.UUID, version: int) -> Prepared:
        """Put the version's files on disk."""
        found = preparation.materialise(self._services, workspace_id, model_id, version)
        return Prepared(found.model_dir, found.digest, found)

    def build(
        self,
        prepared: Prepared,
        on_line: Callable[[str], None],
        *,
        engine: str,
        is_isolated: bool = False,
    ) -> Built:
        """Make the environment, or find it."""
        env = preparation.environment(
            self._services,
            prepared.handle,
            on_line=on_line,
            is_isolated=is_isolated,
            engine=engine,
        )
        return Built(env.python, env.environment_dir, env.lock_hash, env.note, env)

    def verify(
        self, prepared: Prepared, built: Built, engine: str, variables: Mapping[str, str]
    ) -> Verified:
        """Load the model in the sandbox, predict its input example, and compile it if it can be."""
        seen = preparation.verify(
            self._services,
            prepared.handle,
            built.handle,
            engine=engine,
            variables=variables,
            may_be_known=not variables,  # the check that is known had none
        )
        return Verified(
            ok=seen.ok,
            summary=seen.says,
            sandbox=seen.sandbox,
            differences=seen.differences,
            log_tail=seen.log_tail,
            lane=seen.lane,
        )

    def known_lane(self, prepared: Prepared, built: Built, engine: str) -> dict[str, Any] | None:
        """Give what came of compiling the same files before."""
        return preparation.known_lane(self._services, prepared.handle, built.handle, engine=engine)

    def outlook(self, workspace_id: int, model_id: uuid.UUID, version: int) -> Outlook:
        """Tell where the environment would come from; never writes anything."""
        database = self._services.get(Database)
        with database.session(workspace_id, write=False) as db:
            digest = service.get_version(db, System(workspace_id), model_id, version).digest
        models = self._services.get(Settings).data_dir / "models" / str(workspace_id)
        if digest is None or not (models / digest).is_dir():
            return "new"
        try:
            found = preparation.materialise(self._services, workspace_id, model_id, version)
            return preparation.environment_outlook(self._services, found)
        except DomainError:
            return "new"
