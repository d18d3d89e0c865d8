"""Databases, apps and people for the server's tests."""

pytest_plugins = ["tests.make.fixtures"]
