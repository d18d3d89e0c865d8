"""Servers that the client can reach."""

from tests.make.live import live_server, server_process  # noqa: F401 - fixtures
