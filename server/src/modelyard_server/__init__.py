"""Control plane: API, worker, migrations. See docs/architecture.md."""

__version__ = "0.1.0"
