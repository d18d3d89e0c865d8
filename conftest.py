"""Databases, apps and people for every test that needs them."""

from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.make.leftovers", "tests.make.fixtures", "tests.make.deployments"]

# Tests share the machine: how long one example takes says nothing.
settings.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared")
