"""The only way out to addresses that users name: webhooks, channels, data sources.

A host is resolved once, every address it has is judged, and the connection goes to the very address
that was judged, so that a name which changes its mind (DNS rebinding) gains nothing. Redirects are
answers like any other. `MODELYARD_EGRESS_ALLOW` opens networks of the operator's own.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any, TypeVar
from urllib.parse import SplitResult, urlsplit

from .errors import Invalid, Unavailable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Answer = TypeVar("Answer")
_PORTS = {"http": 80, "https": 443}
_LONGEST_URL = 2000
_TIMEOUT_SECONDS = 10.0
_MOST_BYTES = 1024 * 1024
_CHUNK_BYTES = 256 * 1024
_UNICAST = ipaddress.IPv6Network("2000::/3")
_TRANSITION = tuple(
    ipaddress.IPv6Network(block)
    for block in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")  # Teredo, 6to4, examples
)


class AddressRefused(Invalid):
    """The address is not one that the server may call."""

    code = "egress.address_refused"


class NotReached(Unavailable):
    """The address does not answer, or not in time."""

    code = "egress.not_reached"


class AnswerTooLarge(Invalid):
    """More bytes came than may be taken."""

    code = "egress.answer_too_large"


@dataclass(frozen=True, slots=True)
class Reply:
    """What the other side answered. Do not show `body` to users: it may be of an inner system."""

    status: int
    body: bytes

    @property
    def is_success(self) -> bool:
        """Tell whether the status is 2xx."""
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Download:
    """What the other side answered. `excerpt`: of an answer other than 200, not for users."""

    status: int
    headers: Mapping[str, str]
    """Names are in lower case."""
    excerpt: bytes


@dataclass(frozen=True, slots=True)
class _Target:
    parts: SplitResult
    host: str
    port: int
    addresses: tuple[Address, ...]


class Egress:
    """Sends requests to addresses that users named."""

    def __init__(
        self,
        allowed: Iterable[str] = (),
        *,
        resolve: Callable[..., Iterable[Any]] = socket.getaddrinfo,
        timeout_seconds: float = _TIMEOUT_SECONDS,
    ) -> None:
        self._allowed: tuple[Network, ...] = tuple(ipaddress.ip_network(n) for n in allowed)
        self._resolve = resolve
        self._timeout_seconds = timeout_seconds

    def check(self, url: str) -> None:
        """Judge an address now; `send` judges it again. A name may get its address later.

        Raises:
            AddressRefused: the server may not call it.
        """
        try:
            self._target(url)
        except NotReached:
            return

    def send(
        self, url: str, body: bytes, *, headers: Mapping[str, str], method: str = "POST"
    ) -> Reply:
        """Send one request and read up to 1 MiB of the answer, within ten seconds in all.

        Raises:
            AddressRefused: the server may not call the address.
            NotReached: it does not answer.
        """

        def answered(answer: http.client.HTTPResponse) -> Reply:
            return Reply(answer.status, answer.read(_MOST_BYTES))

        return self._ask(url, method, body, headers, self._timeout_seconds, answered)

    def download(
        self,
        url: str,
        into: IO[bytes],
        *,
        headers: Mapping[str, str],
        most_bytes: int,
        seconds: float,
    ) -> Download:
        """Write the body of an answer of 200 into a file; `seconds`: for the whole exchange.

        Raises:
            AddressRefused: the server may not call the address.
            NotReached: it does not answer, or breaks off.
            AnswerTooLarge: the body has more bytes than `most_bytes`.
        """

        def answered(answer: http.client.HTTPResponse) -> Download:
            told = {name.lower(): value for name, value in answer.getheaders()}
            if answer.status != http.client.OK:
                return Download(answer.status, told, answer.read(_CHUNK_BYTES))
            left = most_bytes
            while chunk := answer.read(_CHUNK_BYTES):
                left -= len(chunk)
                if left < 0:
                    raise AnswerTooLarge(f"It has more than {most_bytes // 2**20} MiB.")
                into.write(chunk)
            return Download(answer.status, told, b"")

        return self._ask(url, "GET", b"", headers, seconds, answered)

    def addresses(self, host: str, port: int) -> tuple[str, ...]:
        """Judge a host for a client of another protocol, which must connect to what this gives.

        Raises:
            AddressRefused: the server may not call it.
            NotReached: the host has no address.
        """
        named = f"[{host}]" if ":" in host else host
        return tuple(map(str, self._target(f"https://{named}:{port}").addresses))

    def is_own(self, address: str) -> bool:
        """Tell whether an address is in a network of the operator's own."""
        return any(_address(address) in network for network in self._allowed)

    def _ask(
        self,
        url: str,
        method: str,
        body: bytes,
        headers: Mapping[str, str],
        seconds: float,
        answered: Callable[[http.client.HTTPResponse], Answer],
    ) -> Answer:
        target = self._target(url)
        failure: Exception | None = None
        for address in target.addresses:
            try:
                with self._connected(target, address, seconds) as connection:
                    path = (target.parts.path or "/") + (
                        f"?{q}" if (q := target.parts.query) else ""
                    )
                    connection.request(method, path, body, dict(headers))
                    return answered(connection.getresponse())
            except _NotConnected as error:
                failure = error.__cause__ if isinstance(error.__cause__, Exception) else error
            except (OSError, http.client.HTTPException) as error:
                failure = error
                break  # it may have been heard: never say it twice
        raise NotReached(f"{target.host} cannot be reached: {_said(failure)}.") from failure

    def _target(self, url: str) -> _Target:
        parts, host, port = _parsed(url)
        if parts.scheme != "https" and not self._allowed:
            raise AddressRefused("The address must start with https://.")
        try:
            found = self._resolve(host, port, type=socket.SOCK_STREAM)
            addresses = tuple(dict.fromkeys(_address(row[4][0]) for row in found))
        except (OSError, UnicodeError, ValueError):
            raise NotReached(f"The host {host[:253]} has no address.") from None
        if not addresses:
            raise NotReached(f"The host {host[:253]} has no address.")
        for address in addresses:
            self._judge(parts.scheme, host, port, address)
        return _Target(parts, host, port, addresses)

    def _judge(self, scheme: str, host: str, port: int, address: Address) -> None:
        if any(address in network for network in self._allowed):
            return
        if not is_public(address):
            raise AddressRefused(f"{host[:253]} is not a public address: it cannot be called.")
        if scheme != "https":
            raise AddressRefused("The address must start with https://.")
        if port != _PORTS["https"] and port < 1024:
            raise AddressRefused(f"Port {port} cannot be called: use 443, or 1024 and above.")

    @contextmanager
    def _connected(self, target: _Target, address: Address, seconds: float) -> Iterator[_Pinned]:
        """Give an open connection that is cut when the time is over."""
        connection = _Pinned(target, address, min(seconds, self._timeout_seconds))
        watchdog = threading.Timer(seconds, connection.cut)  # of the whole exchange
        watchdog.daemon = True
        watchdog.start()
        try:
            try:
                connection.connect()
            except OSError as error:
                raise _NotConnected from error
            yield connection
            if connection.is_cut:  # a body without a length looks whole when it is cut
                raise TimeoutError
        except (OSError, http.client.HTTPException) as error:
            if connection.is_cut:
                raise TimeoutError from error
            raise
        finally:
            watchdog.cancel()
            connection.close()


class _NotConnected(Exception):
    """Nothing was sent: another address of the host may be tried."""


class _Pinned(http.client.HTTPConnection):
    """A connection to one judged address; name and certificate are still the host's."""

    def __init__(self, target: _Target, address: Address, timeout_seconds: float) -> None:
        super().__init__(target.host, target.port, timeout=timeout_seconds)
        self._address = address
        self.is_cut = False
        self._tls = ssl.create_default_context() if target.parts.scheme == "https" else None
        self.default_port = _PORTS[target.parts.scheme]

    def connect(self) -> None:
        """Connect to the address that was judged, whatever the name says now."""
        plain = socket.create_connection((str(self._address), self.port), self.timeout)
        self.sock = plain
        if self._tls is not None:
            self.sock = self._tls.wrap_socket(plain, server_hostname=self.host)

    def cut(self) -> None:
        """End the exchange from another thread."""
        self.is_cut = True
        sock = self.sock
        if sock is not None:
            try:
                socket.socket.shutdown(sock, socket.SHUT_RDWR)  # TLS state is the reader's own
            except OSError:
                return


def is_public(address: Address) -> bool:
    """Tell whether an address is on the public internet, and stands for no other one."""
    if isinstance(address, ipaddress.IPv4Address):
        return address.is_global and not address.is_multicast
    return address in _UNICAST and not any(address in block for block in _TRANSITION)


def _parsed(url: str) -> tuple[SplitResult, str, int]:
    if len(url) > _LONGEST_URL or not url.isascii() or any(ord(c) <= 32 or c == "\\" for c in url):
        raise AddressRefused("The address is not a plain URL.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise AddressRefused("The address is not a plain URL.") from None
    if parts.scheme not in _PORTS or not parts.hostname:
        raise AddressRefused("The address must start with https:// and name a host.")
    if "@" in parts.netloc or "#" in url:
        raise AddressRefused("The address must not hold a user name, a password or a fragment.")
    return parts, parts.hostname, port if port is not None else _PORTS[parts.scheme]


def _address(text: str) -> Address:
    """Read an address; one that maps IPv4 into IPv6 is the IPv4 one."""
    address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _said(error: Exception | None) -> str:
    """Describe a failure without what the other side wrote."""
    if isinstance(error, TimeoutError):
        return "it took too long"
    if isinstance(error, ssl.SSLCertVerificationError):
        return "its certificate is not valid"
    if isinstance(error, ssl.SSLError):
        return "it does not speak TLS"
    if isinstance(error, ConnectionRefusedError):
        return "it refuses connections"
    return "the connection failed"
