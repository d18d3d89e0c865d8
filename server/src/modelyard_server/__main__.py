"""`python -m modelyard_server`."""

from .cli import app

app()
