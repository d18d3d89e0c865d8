"""What `app.py` composed once: adapters behind ports, looked up by the port's type."""

from __future__ import annotations

from typing import Any, TypeVar, cast

from fastapi import Depends, Request

T = TypeVar("T")


class Services:
    """One instance per process; filled at start, read afterwards."""

    def __init__(self) -> None:
        self._made: dict[type, Any] = {}
        self._listed: dict[type, list[Any]] = {}

    def provide(self, port: type[T], implementation: T) -> None:
        """Register the implementation of a port."""
        self._made[port] = implementation

    def get(self, port: type[T]) -> T:
        """Give the implementation of a port.

        Raises:
            LookupError: `app.py` composed none.
        """
        if port not in self._made:
            raise LookupError(f"Nothing implements {port.__name__}.")
        return cast("T", self._made[port])

    def add(self, port: type[T], implementation: T) -> None:
        """Register one of several implementations of a port, such as an observer."""
        self._listed.setdefault(port, []).append(implementation)

    def every(self, port: type[T]) -> list[T]:
        """Give all implementations that were added, in the order of the capabilities."""
        return list(self._listed.get(port, []))


def provided(port: type[T]) -> Any:
    """Depend on the implementation of a port in a route."""

    def find(request: Request) -> T:
        services: Services = request.app.state.services
        return services.get(port)

    return Depends(find)


def every(port: type[T]) -> Any:
    """Depend on all implementations of a port in a route."""

    def find(request: Request) -> list[T]:
        services: Services = request.app.state.services
        return services.every(port)

    return Depends(find)
