pytest_plugins: list[str] = []
from tests.make.deployments import serving  # noqa: E402, F401
