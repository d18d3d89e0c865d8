"""The hand-written front beside a stock server, uvicorn on h11: same bytes, same behaviour.

Compared are how many answers come, of which class, and in which order, until the server hangs up.
Where they differ, the difference is listed and is the stricter reading of RFC 9112.
"""

import re
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn
from tests.make.nodes import RunningNode, a_node

GET = "GET /livez HTTP/1.1\r\nHost: x\r\n"
POST = "POST /livez HTTP/1.1\r\nHost: x\r\n"
LAST = f"{GET}Connection: close\r\n\r\n"

SAME = {
    "one request": f"{GET}\r\n",
    "one byte less": f"{GET}\r",
    "nothing": "",
    "pipelined": f"{GET}\r\n{GET}\r\n{LAST}",
    "nothing is answered after close": f"{LAST}{GET}\r\n",
    "version 1.0": "GET /livez HTTP/1.0\r\n\r\n",
    "version 1.0 hangs up": f"GET /livez HTTP/1.0\r\n\r\n{GET}\r\n",
    "head": f"HEAD /livez HTTP/1.1\r\nHost: x\r\n\r\n{LAST}",
    "body": f"{POST}Content-Length: 3\r\n\r\nabc{LAST}",
    "empty body": f"{POST}Content-Length: 0\r\n\r\n{LAST}",
    "body that never comes": f"{POST}Content-Length: 30\r\n\r\nabc",
    "chunks": f"{POST}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n{LAST}",
    "chunk extension": f"{POST}Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\n\r\n{LAST}",
    "trailers": f"{POST}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\n{LAST}",
    "chunk without a number": f"{POST}Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
    "chunk longer than said": f"{POST}Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n",
    "unknown coding": f"{POST}Transfer-Encoding: gzip\r\n\r\nabc",
    "no host": "GET /livez HTTP/1.1\r\n\r\n",
    "no version": "GET /livez\r\n\r\n",
    "no address": "GET HTTP/1.1\r\nHost: x\r\n\r\n",
    "not http": "\x16\x03\x01\x02\x00\x01",
    "space before colon": f"{GET}X : y\r\n\r\n",
    "header without a name": f"{GET}: y\r\n\r\n",
    "header without a colon": f"{GET}novalue\r\n\r\n",
    "nul in a value": f"{GET}X: a\x00b\r\n\r\n",
    "length is text": f"{POST}Content-Length: three\r\n\r\nabc",
    "length is negative": f"{POST}Content-Length: -3\r\n\r\nabc",
    "two hosts": f"{GET}Host: y\r\n\r\n",
    "coding that is not read": f"{POST}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "address with scheme and host": f"{LAST.replace('/livez', 'http://x/livez')}",
    "offer of HTTP/2": f"{GET}Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n{LAST}",
    "offer with a body": (
        f"{POST}Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 3\r\n\r\nabc{LAST}"
    ),
    "offer in chunks": (
        f"{POST}Connection: Upgrade\r\nUpgrade: h2c\r\nTransfer-Encoding: chunked\r\n\r\n"
        f"3\r\nabc\r\n0\r\n\r\n{LAST}"
    ),
    "two lengths": f"{POST}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
}
STRICTER = {
    # h11 lets the coding win, which is how requests are smuggled past other readers.
    "length and coding": f"{POST}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    # Methods are case-sensitive tokens; nobody means `get`.
    "version nobody speaks": "GET /livez HTTP/3.7\r\nHost: x\r\n\r\n",
    "method in small letters": "get /livez HTTP/1.1\r\nHost: x\r\n\r\n",
}


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with a_node(tmp_path_factory.mktemp("stock")) as node:
        node.want([], [])
        node.start()
        node.wait_until(lambda state: state["generation"] == 1)
        _wait_for_answer(node)
        yield node.port


def _wait_for_answer(node: RunningNode) -> None:
    assert node.client.get(f"{node.url}/livez").status_code == 200


@pytest.fixture(scope="module")
def stock() -> Iterator[int]:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            more = message.get("more_body", False)
        headers = [(b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"ok"})

    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, http="h11", lifespan="off", log_level="critical", ws="none")
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    end = time.monotonic() + 20
    while not server.started and time.monotonic() < end:
        time.sleep(0.01)
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join(10)


def answers(port: int, said: str) -> list[str]:
    """Send bytes, say no more, and give the class of each answer until the server hangs up."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        received = b""
        try:
            connection.sendall(said.encode("latin-1"))
            if "Connection: close" not in said:  # uvicorn hangs up at once on a half-closed one
                connection.shutdown(socket.SHUT_WR)
            while block := connection.recv(65536):
                received += block
        except ConnectionResetError:
            pass  # hung up with bytes unread: what it said may be lost, as with any server
    return [code.decode() + "xx" for code in re.findall(rb"HTTP/1\.1 (\d)\d\d ", received)]


@pytest.mark.parametrize("name", SAME)
def test_same_bytes_get_the_same_answers_as_from_a_stock_server(
    ours: int, stock: int, name: str
) -> None:
    assert answers(ours, SAME[name]) == answers(stock, SAME[name])


@pytest.mark.parametrize("name", STRICTER)
def test_where_a_stock_server_is_lenient_the_request_is_refused(
    ours: int, stock: int, name: str
) -> None:
    assert answers(stock, STRICTER[name])[:1] == ["2xx"]
    assert answers(ours, STRICTER[name]) == ["4xx"]


def test_answer_is_not_written_before_the_body_is_whole(ours: int) -> None:
    with socket.create_connection(("127.0.0.1", ours), timeout=10) as connection:
        connection.sendall(f"{POST}Content-Length: 3\r\n\r\nab".encode())
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            connection.recv(100)
        connection.settimeout(10)
        connection.sendall(b"c")
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")
