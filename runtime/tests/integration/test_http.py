"""The hand-written HTTP front against callers who are clumsy, slow or hostile."""

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.make.nodes import SECRET, RunningNode, a_node, a_route, a_server
from tests.make.packages import an_adding_package

HEAD = f"Host: x\r\nAuthorization: Bearer myk_pub_{SECRET}\r\n"
BODY = '{"row":{"x":1}}'
PATH = "/team/production/model/predict"
CALL = f"POST {PATH} HTTP/1.1\r\n{HEAD}Content-Length: {len(BODY)}\r\n\r\n{BODY}"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningNode]:
    folder = tmp_path_factory.mktemp("http")
    package = an_adding_package(folder / "package", 3.0)
    with a_node(folder / "node") as node:
        route = a_route(package, {"a" * 32: 100}, max_body_bytes=100_000)
        node.want([a_server(package, engine="onnx")], [route])
        node.start()
        node.wait_ready()
        yield node


def exchange(node: RunningNode, *pieces: str | bytes) -> str:
    """Send raw bytes, say no more, and read until the node hangs up."""
    with socket.create_connection(("127.0.0.1", node.port), timeout=10) as connection:
        for piece in pieces:
            connection.sendall(piece.encode() if isinstance(piece, str) else piece)
        connection.shutdown(socket.SHUT_WR)
        received = b""
        while block := connection.recv(65536):
            received += block
    return received.decode()


def test_pipelined_requests_are_answered_in_order(node: RunningNode) -> None:
    calls = [CALL.replace('"x":1', f'"x":{n % 10}') for n in range(60)]
    last = CALL.replace("Host: x", "Host: x\r\nConnection: close")
    with socket.create_connection(("127.0.0.1", node.port), timeout=10) as connection:
        connection.sendall("".join([*calls, last]).encode())
        received = b""
        while block := connection.recv(65536):
            received += block
    bodies = [
        json.loads(part.split("HTTP/1.1")[0]) for part in received.decode().split("\r\n\r\n")[1:]
    ]
    assert [body["predictions"][0] for body in bodies] == [*(n % 10 + 3.0 for n in range(60)), 4.0]


def test_request_in_single_bytes_is_understood(node: RunningNode) -> None:
    call = CALL.replace("Host: x", "Host: x\r\nConnection: close")
    with socket.create_connection(("127.0.0.1", node.port), timeout=10) as connection:
        for byte in call.encode():
            connection.sendall(bytes([byte]))
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 OK")


def test_chunked_body_is_understood_and_limited(node: RunningNode) -> None:
    head = f"POST {PATH} HTTP/1.1\r\n{HEAD}Transfer-Encoding: chunked\r\n\r\n"
    chunk = f"{len(BODY):x}\r\n{BODY}\r\n0\r\n\r\n"
    assert exchange(node, head, chunk).startswith("HTTP/1.1 200 ")
    large = "ffff\r\n" + "x" * 0xFFFF + "\r\n"
    assert exchange(node, head, large, large).startswith("HTTP/1.1 413 ")


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"GET / HTTP/9.9\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 401),
        (b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n", 431),
        (b"POST /a/b/c/predict HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n", 401),
        (b"GET /livez HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", 401),
    ],
)
def test_hostile_bytes_get_a_problem_and_a_closed_door(
    node: RunningNode, raw: bytes, status: int
) -> None:
    answer = exchange(node, raw)
    assert answer.startswith(f"HTTP/1.1 {status} ")
    assert json.loads(answer.split("\r\n\r\n", 1)[1])["status"] == status
    assert node.client.post(f"{node.url}{PATH}", content=BODY).status_code == 200


def test_caller_who_waits_for_continue_gets_it(node: RunningNode) -> None:
    head = CALL.partition("\r\n\r\n")[0] + "\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", node.port), timeout=10) as connection:
        connection.sendall(head.encode())
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(BODY.encode())
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize("pieces", [1, 2, 500])
def test_caller_who_offers_http2_is_answered_and_keeps_the_connection(
    node: RunningNode, pieces: int
) -> None:
    offer = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
    said = f"{CALL.replace('Host', f'{offer}Host')}{CALL}".encode()
    size = -(-len(said) // pieces)
    answer = exchange(node, *(said[at : at + size] for at in range(0, len(said), size)))
    assert answer.count('"predictions":[4.0]') == answer.count("HTTP/1.1 200 OK") == 2


def test_every_caller_gets_the_answer_to_its_own_rows(node: RunningNode) -> None:
    def call(number: int) -> bool:
        rows = [{"x": float(number)}] * (1 + number % 3)
        answer = node.client.post(f"{node.url}{PATH}", json={"rows": rows})
        return bool(answer.json()["predictions"] == [number + 3.0] * len(rows))

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(call, range(400)))


def test_given_request_id_comes_back_and_a_strange_one_does_not(node: RunningNode) -> None:
    for given, is_kept in (("order-17", True), ("a b\tc", False)):
        answer = node.client.get(f"{node.url}/livez", headers={"X-Request-Id": given})
        assert (answer.headers["x-request-id"] == given) is is_kept


def test_calls_of_the_console_do_not_count_as_traffic(tmp_path: Path) -> None:
    from tests.make.nodes import a_key

    from modelyard_protocol.records import Prediction, Traffic

    package = an_adding_package(tmp_path / "package", 3.0)
    with a_node(tmp_path / "node") as node:
        route = a_route(package, {"a" * 32: 100}, keys=(a_key("console"), a_key()))
        node.want([a_server(package, engine="onnx")], [route])
        node.start()
        node.wait_ready()
        for public_id in ("console", "pub"):
            bearer = {"Authorization": f"Bearer myk_{public_id}_{SECRET}"}
            headers = {**bearer, "X-Modelyard-Source": "console"}
            node.client.post(f"{node.url}{PATH}", content=BODY, headers=headers)
        assert node.end() == 0
        records = node.records()
    assert [r.source for r in records if isinstance(r, Prediction)] == ["console", "live"]
    assert sum(r.requests for r in records if isinstance(r, Traffic)) == 1
