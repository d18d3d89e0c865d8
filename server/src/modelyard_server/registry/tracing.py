"""Reads the lineage of a version: back to data and code, forward to what serves it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelyard_server.kernel import trail
from modelyard_server.tracking import service as tracking
from modelyard_server.tracking.errors import RunMissing

from .card_schemas import ConsequenceOut, LineageEdgeOut, LineageNodeOut, LineageOut
from .lineage import Graph, Node, if_deleted
from .models import Alias, Model, ModelVersion
from .ports import ServedVersions

_COPIED = re.compile(r"models:/(?P<name>[^/@]+)/(?P<number>[1-9]\d{0,8})")
_COMMIT_TAG = "mlflow.source.git.commit"
MOST_STEPS = 6


def trace(
    db: Session, actor: trail.Who, model: Model, version: ModelVersion, served: ServedVersions
) -> LineageOut:
    """Give the graph around a version, and what deleting the version would break."""
    tracer = _Tracer(db, actor, served, Graph(_id(model, version)))
    tracer.version(model, version)
    tracer.backwards(model, version, MOST_STEPS)
    tracer.forwards(model, version, MOST_STEPS)
    depths = tracer.graph.depths()
    return LineageOut(
        root=tracer.graph.root,
        nodes=[
            LineageNodeOut(
                id=node.id,
                kind=node.kind,
                name=node.name,
                detail=node.detail,
                path=node.path,
                depth=depths.get(node.id, 0),
            )
            for node in tracer.graph.nodes.values()
        ],
        edges=[LineageEdgeOut.model_validate(edge) for edge in tracer.graph.edges.values()],
        if_deleted=[
            ConsequenceOut.model_validate(one) for one in if_deleted(tracer.graph, tracer.serving)
        ],
        is_complete=tracer.graph.is_complete,
    )


def _id(model: Model, version: ModelVersion) -> str:
    return f"version:{model.id}/{version.number}"


@dataclass
class _Tracer:
    db: Session
    actor: trail.Who
    served: ServedVersions
    graph: Graph

    def __post_init__(self) -> None:
        self.serving: set[str] = set()

    def version(self, model: Model, row: ModelVersion) -> str:
        """Take in a version."""
        name = _id(model, row)
        path = f"/models/{model.id}/v/{row.number}"
        facts = [row.framework or "", f"digest {row.digest[:12]}" if row.digest else ""]
        detail = ", ".join(fact for fact in facts if fact)
        self.graph.add(Node(name, "version", f"{model.name} v{row.number}", detail, path))
        return name

    def backwards(self, model: Model, row: ModelVersion, steps: int) -> None:
        """Walk to the run, its data, its code, and the models it started from."""
        if steps == 0:
            return
        here = self.version(model, row)
        parent = self._copied_from(row)
        if parent is not None:
            known = _id(*parent) in self.graph.nodes
            self.graph.link(self.version(*parent), here, "copied")
            if not known:
                self.backwards(*parent, steps - 1)
            return
        origin = here
        if row.logged_model_id is not None:
            origin = f"logged_model:{row.logged_model_id}"
            self.graph.add(Node(origin, "logged_model", row.logged_model_id))
            self.graph.link(origin, here, "registered")
        if row.run_id is not None:
            self._run(row.run_id, origin, steps)

    def forwards(self, model: Model, row: ModelVersion, steps: int) -> None:
        """Walk to aliases, deployments, copies, and versions trained from this one."""
        if steps == 0:
            return
        here = self.version(model, row)
        aliases = select(Alias.alias).where(Alias.version_id == row.id).order_by(Alias.alias)
        for alias in self.db.scalars(aliases):
            name = f"alias:{model.id}/{alias}"
            self.graph.add(Node(name, "alias", alias, f"of {model.name}", f"/models/{model.id}"))
            self.graph.link(here, name, "is")
        for place in self.served.serving(self.db, model.id, row.number):
            name = f"deployment:{place.id}"
            says = "serves" if place.is_live else "served before"
            self.graph.add(Node(name, "deployment", place.name, "", f"/deployments/{place.id}"))
            self.graph.link(here, name, says)
            if place.keeps_version:
                self.serving.add(name)
        for other_model, other in self._copies_of(model, row):
            fresh = _id(other_model, other) not in self.graph.nodes
            self.graph.link(here, self.version(other_model, other), "copied")
            if fresh:
                self.forwards(other_model, other, steps - 1)
        if row.logged_model_id is None:
            return
        for run_id in tracking.runs_reading_model(self.db, row.logged_model_id):
            self._run(run_id, None, 1)
            self.graph.link(here, f"run:{run_id}", "started from")
            for other_model, other in self._of_run(run_id):
                fresh = _id(other_model, other) not in self.graph.nodes
                self.graph.link(f"run:{run_id}", self.version(other_model, other), "made")
                if fresh:
                    self.forwards(other_model, other, steps - 1)

    def _run(self, run_id: str, made: str | None, steps: int) -> None:
        try:
            run = tracking.run_summary(self.db, self.actor, run_id)
        except RunMissing:
            name = f"run:{run_id}"
            self.graph.add(Node(name, "run", run_id, "deleted for ever"))
            if made is not None:
                self.graph.link(name, made, "made")
            return
        name = f"run:{run.id}"
        fresh = self.graph.add(
            Node(name, "run", run.name, f"by {run.user_name}", f"/runs/{run.id}")
        )
        if made is not None:
            self.graph.link(name, made, "made")
        if not fresh:
            return
        for data in tracking.datasets_of_run(self.db, run.id):
            node = f"dataset:{data.name}@{data.digest}"
            self.graph.add(Node(node, "dataset", data.name, f"digest {data.digest}"))
            self.graph.link(node, name, data.role or "read by")
        commit = run.tags.get(_COMMIT_TAG)
        if commit:
            self.graph.add(Node(f"commit:{commit}", "commit", commit[:12], "Git commit"))
            self.graph.link(f"commit:{commit}", name, "ran")
        if steps <= 1:
            return
        for logged_model_id in tracking.models_read_by_run(self.db, run.id):
            for model, version in self._of_logged_model(logged_model_id):
                known = _id(model, version) in self.graph.nodes
                self.graph.link(self.version(model, version), name, "started from")
                if not known:
                    self.backwards(model, version, steps - 1)

    def _copied_from(self, row: ModelVersion) -> tuple[Model, ModelVersion] | None:
        match = _COPIED.fullmatch(row.source)
        if match is None:
            return None
        found = self._pairs(
            Model.name == match["name"], ModelVersion.number == int(match["number"])
        )
        return found[0] if found else None

    def _copies_of(self, model: Model, row: ModelVersion) -> list[tuple[Model, ModelVersion]]:
        return self._pairs(ModelVersion.source == f"models:/{model.name}/{row.number}")

    def _of_run(self, run_id: str) -> list[tuple[Model, ModelVersion]]:
        return self._pairs(ModelVersion.run_id == run_id)

    def _of_logged_model(self, logged_model_id: str) -> list[tuple[Model, ModelVersion]]:
        return self._pairs(ModelVersion.logged_model_id == logged_model_id)

    def _pairs(self, *where: object) -> list[tuple[Model, ModelVersion]]:
        rows = self.db.execute(
            select(Model, ModelVersion)
            .join(ModelVersion, ModelVersion.model_id == Model.id)
            .where(*where)  # type: ignore[arg-type]
            .order_by(Model.name, ModelVersion.number)
            .limit(100)
        )
        return [(found[0], found[1]) for found in rows]
