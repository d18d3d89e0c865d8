"""`python -m modelyard`."""

from .cli import app

app()
