"""Databases, apps and people for every test that needs them."""

pytest_plugins = ["tests.make.fixtures", "tests.make.deployments"]
