"""The one way out: what may be called, and that the judged address is the one called."""

import http.server
import io
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from tests.make.sources import a_shelf

from modelyard_server.kernel.egress import AddressRefused, AnswerTooLarge, Egress, NotReached

LOOPBACK = ("127.0.0.0/8",)


def resolving(*addresses: str):
    """Give a resolver that says these addresses for any name."""

    def resolve(_host, port, **_kwargs):
        return [(0, 0, 0, "", (address, port)) for address in addresses]

    return resolve


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:a9fe:a9fe",
        "64:ff9b::7f00:1",
        "64:ff9b:1::a00:1",
        "2002:7f00:1::",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "fe80::1",
        "fec0::1",
        "fd00::1",
        "ff02::1",
        "2001:db8::1",
    ],
)
def test_addresses_that_are_not_public_are_refused(address):
    with pytest.raises(AddressRefused, match="not a public address"):
        Egress(resolve=resolving(address)).check("https://hooks.example.com/x")
    with pytest.raises(AddressRefused, match="not a public address"):  # one bad one is enough
        Egress(resolve=resolving("93.184.216.34", address)).check("https://hooks.example.com/x")


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/x",
        "https://hooks.example.com:22/x",
        "https://user:word@hooks.example.com/x",
        "https://hooks.example.com/x#y",
        "https://hooks.example.com\\@127.0.0.1/",
        "https://hooks.example.com/a b",
        "https://hooks.example.com/\r\nX: y",
        "https://hooks.example.com:99999/",
        "https:///x",
        "//hooks.example.com",
        "file:///etc/passwd",
        "gopher://hooks.example.com/",
        "https://[::1",
        "",
    ],
)
def test_urls_of_other_kinds_are_refused(url):
    with pytest.raises(AddressRefused):
        Egress(resolve=resolving("93.184.216.34")).check(url)


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0x7f.1", "017700000001", "127.1"])
def test_other_spellings_of_this_machine_are_refused(host):
    with pytest.raises(AddressRefused):
        Egress().check(f"https://{host}/")


def test_public_addresses_are_allowed():
    egress = Egress(resolve=resolving("93.184.216.34", "2606:2800:220:1::1"))
    egress.check("https://hooks.example.com/services/T0/B0?x=1")
    egress.check("https://hooks.example.com:8443/")


class _Receiver(http.server.BaseHTTPRequestHandler):
    seen: list[tuple[str, bytes]]

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((f"{self.headers['Host']}{self.path}", body))  # type: ignore[attr-defined]
        if self.path == "/slow":
            self.send_response(200)
            self.end_headers()
            self.wfile.flush()
            self.server.quit.wait(10)  # type: ignore[attr-defined]
            return
        self.send_response(302 if self.path == "/away" else 200)
        self.send_header("Location", "http://127.0.0.1:1/")
        self.end_headers()
        self.wfile.write(b"heard")

    def log_message(self, *_args):
        pass


@pytest.fixture
def receiver() -> Iterator[http.server.ThreadingHTTPServer]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Receiver)
    server.seen, server.quit = [], threading.Event()  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.quit.set()  # type: ignore[attr-defined]
    server.shutdown()
    server.server_close()


def test_the_judged_address_is_called_under_the_hosts_name(receiver):
    calls = []

    def rebinding(_host, port, **_kwargs):
        calls.append(port)
        return resolving("127.0.0.1" if len(calls) == 1 else "127.0.0.2")(_host, port)

    egress = Egress(LOOPBACK, resolve=rebinding)
    port = receiver.server_port
    reply = egress.send(f"http://hooks.example.com:{port}/in?a=1", b"{}", headers={"X-A": "b"})
    assert (reply.status, reply.body, reply.is_success) == (200, b"heard", True)
    assert receiver.seen == [(f"hooks.example.com:{port}/in?a=1", b"{}")]
    assert len(calls) == 1


def test_redirects_are_not_followed(receiver):
    egress = Egress(LOOPBACK)
    reply = egress.send(f"http://127.0.0.1:{receiver.server_port}/away", b"", headers={})
    assert reply.status == 302
    assert len(receiver.seen) == 1


def test_slow_and_silent_receivers_end_in_time(receiver):
    egress = Egress(LOOPBACK, timeout_seconds=0.5)
    began = time.monotonic()
    egress.send(f"http://127.0.0.1:{receiver.server_port}/in", b"", headers={})
    with (
        pytest.raises(NotReached, match="took too long"),
        socket.create_server(("127.0.0.1", 0)) as deaf,
    ):
        egress.send(f"http://127.0.0.1:{deaf.getsockname()[1]}/", b"", headers={})
    with pytest.raises(NotReached, match="refuses connections"):
        egress.send(f"http://127.0.0.1:{_closed_port()}/", b"", headers={})
    with pytest.raises(NotReached, match="TLS"):
        egress.send(f"https://127.0.0.1:{receiver.server_port}/", b"", headers={})
    assert time.monotonic() - began < 15  # four receivers, half a second each


def test_a_network_the_operator_opened_is_all_that_is_opened():
    egress = Egress(("10.1.0.0/16",), resolve=resolving("10.1.2.3"))
    egress.check("http://inner:8080/")
    with pytest.raises(AddressRefused):
        Egress(("10.1.0.0/16",), resolve=resolving("10.2.0.1")).check("http://inner:8080/")


def _closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def test_a_download_is_whole_or_refused():
    with a_shelf() as shelf:
        shelf.content = b"x" * 700_000
        egress, whole = Egress(LOOPBACK), io.BytesIO()
        got = egress.download(shelf.url, whole, headers={}, most_bytes=700_000, seconds=60)
        with pytest.raises(AnswerTooLarge):
            egress.download(shelf.url, io.BytesIO(), headers={}, most_bytes=699_999, seconds=60)
        shelf.status = 404
        missing = io.BytesIO()
        answer = egress.download(shelf.url, missing, headers={}, most_bytes=10, seconds=60)

    assert (got.status, whole.getvalue()) == (200, shelf.content)
    assert (answer.status, missing.getvalue()) == (404, b"")
