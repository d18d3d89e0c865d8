"""The classes of fault that MLflow's server has had, each tried on ours.

Every case is a request that some release answered with another's file, another's run, a crash or
worse. It must be refused in MLflow's error shape, and nothing may be written.
"""

import json

import httpx
import pytest

API = "/api/2.0/mlflow"
FILES = "/api/2.0/mlflow-artifacts/artifacts"
CODES_OF_USERS = {400, 401, 403, 404, 413, 501}


@pytest.fixture(scope="module")
def http(live):
    headers = {"Authorization": f"Bearer {live.token}"}
    with httpx.Client(base_url=live.url, headers=headers, timeout=30) as made:
        yield made


@pytest.fixture
def run_id(http):
    made = http.post(f"{API}/runs/create", json={"experiment_id": "0", "start_time": 1})
    return made.json()["run"]["info"]["run_id"]


@pytest.fixture(scope="module")
def theirs(live):
    """A run, a logged model, a model and an experiment of another workspace."""
    space = live.platform.a_workspace()
    headers = {"Authorization": f"Bearer {space.a_token('owner')}"}
    with httpx.Client(base_url=live.url, headers=headers, timeout=60) as other:
        for _ in range(60):  # numbers that the first workspace does not reach
            other.post(f"{API}/experiments/create", json={"name": f"e{_}"})
        experiment = other.post(f"{API}/experiments/create", json={"name": "secret"}).json()
        body = {"experiment_id": experiment["experiment_id"], "start_time": 1}
        run = other.post(f"{API}/runs/create", json=body).json()["run"]["info"]["run_id"]
        body = {"experiment_id": experiment["experiment_id"], "name": "m"}
        model = other.post(f"{API}/logged-models", json=body).json()["model"]["info"]["model_id"]
        other.put(f"{FILES}/runs/{run}/model/MLmodel", content=b"flavors: {}")
        other.put(f"{FILES}/models/{model}/MLmodel", content=b"flavors: {}")
    return {"run": run, "model": model, "experiment": experiment["experiment_id"]}


def refused(answer: httpx.Response, *codes: str) -> None:
    assert answer.status_code in CODES_OF_USERS, f"{answer.status_code} {answer.text[:300]}"
    body = answer.json()
    assert set(body) == {"error_code", "message"}
    assert not codes or body["error_code"] in codes, body


LOCATIONS = [
    "file:///etc",
    "/etc",
    "//proc/self/root/etc",
    "http:///#/../../../../etc",
    "http://example.com/?/../../etc",
    "mlflow-artifacts:/../../etc",
    "mlflow-artifacts://host/runs/..",
    "s3://bucket/other",
    "dbfs:/x",
    "C:\\windows",
    "runs:/../../etc/passwd",
    "models:/../../etc",
]


class TestLocationsThatClientsName:
    """1, 2: local files by `artifact_location`, `source` and model URIs."""

    @pytest.mark.parametrize("location", LOCATIONS)
    def test_an_experiments_location(self, http, location):
        body = {"name": f"at {location}", "artifact_location": location}
        refused(http.post(f"{API}/experiments/create", json=body), "INVALID_PARAMETER_VALUE")
        missing = http.get(
            f"{API}/experiments/get-by-name", params={"experiment_name": body["name"]}
        )
        assert missing.status_code == 404

    @pytest.mark.parametrize("location", LOCATIONS)
    def test_a_versions_source(self, http, run_id, location):
        name = f"from-{abs(hash(location))}-{run_id[-6:]}"
        http.post(f"{API}/registered-models/create", json={"name": name})
        for more in ({}, {"run_id": run_id}):
            body = {"name": name, "source": location, **more}
            refused(http.post(f"{API}/model-versions/create", json=body))
        found = http.get(f"{API}/model-versions/search", params={"filter": f"name = '{name}'"})
        assert found.json() == {}

    def test_a_workspaces_location(self, http):
        for field in ("default_artifact_root", "trace_archival_config"):
            value = {"location": "file:///etc"} if "config" in field else "file:///etc"
            body = {"name": "elsewhere", field: value}
            refused(http.post("/api/3.0/mlflow/workspaces", json=body), "INVALID_PARAMETER_VALUE")


CLIMBING = [
    "..",
    "../x",
    "a/../../x",
    "%2e%2e/x",
    "%252e%252e/x",
    "%25252e%25252e%252fx",
    "..%5cx",
    "a\\..\\x",
    "%00",
    "a%00b",
    "/etc/passwd",
    "//proc/self/root/etc/passwd",
    "C:/windows",
    "a//b",
    "./a",
    "a/./b",
    "x" * 1100,
    "\u202ex",
]


class TestPathsOfArtifacts:
    """1, 3: traversal, whatever way it is written."""

    @pytest.mark.parametrize("path", CLIMBING)
    def test_files_outside_of_the_run(self, live, run_id, path):
        """The path goes out as it is: a library would tidy it up."""
        for method in ("GET", "PUT", "DELETE"):
            address = f"{FILES}/runs/{run_id}/{path}"
            answer = raw(live, method, address)
            assert answer.status_code in {400, 404}, (method, answer.status_code, answer.text)
            assert "root:" not in answer.text
        listed = raw(live, "GET", f"{API}/artifacts/list?run_id={run_id}")
        assert "files" not in listed.json()

    @pytest.mark.parametrize("path", [p for p in CLIMBING if "%" not in p])
    def test_paths_in_queries(self, http, run_id, path):
        for address, query in (
            (f"{API}/artifacts/list", {"run_id": run_id, "path": path}),
            (FILES, {"path": f"runs/{run_id}/{path}"}),
            ("/get-artifact", {"run_id": run_id, "path": path}),
            ("/model-versions/get-artifact", {"name": "m", "version": 1, "path": path}),
        ):
            refused(http.get(address, params=query))

    @pytest.mark.parametrize("path", ["", "runs", "versions/x/y", "blobs/a", "models/m-1/x", "a#b"])
    def test_places_that_belong_to_nobody(self, http, path):
        answer = http.put(f"{FILES}/{path}", content=b"x")
        assert answer.status_code in {400, 404, 405}, answer.text

    def test_a_query_or_fragment_in_a_name_is_part_of_the_name(self, http, run_id):
        assert http.put(f"{FILES}/runs/{run_id}/a%23b%3Fc", content=b"x").status_code == 200
        listed = http.get(f"{API}/artifacts/list", params={"run_id": run_id}).json()
        assert [file["path"] for file in listed["files"]] == ["a#b?c"]


class TestIdsOfOtherParents:
    """4: an id in the body that belongs to somebody else, beside one that is ours."""

    def test_of_another_workspace(self, http, run_id, theirs):
        model = {"model_id": theirs["model"], "step": 0}
        dataset = {"name": "d", "digest": "1", "source_type": "s", "source": "{}"}
        for path, body in (
            ("runs/create", {"experiment_id": theirs["experiment"]}),
            ("runs/log-metric", {"run_id": theirs["run"], "key": "a", "value": 1, "timestamp": 1}),
            ("runs/log-batch", {"run_id": theirs["run"], "tags": [{"key": "a", "value": "b"}]}),
            ("runs/log-inputs", {"run_id": theirs["run"], "datasets": [{"dataset": dataset}]}),
            ("runs/log-inputs", {"run_id": run_id, "models": [model]}),
            ("runs/outputs", {"run_id": run_id, "models": [model]}),
            ("logged-models", {"experiment_id": theirs["experiment"], "name": "m"}),
            ("logged-models", {"experiment_id": "0", "source_run_id": theirs["run"]}),
        ):
            refused(http.post(f"{API}/{path}", json=body), "RESOURCE_DOES_NOT_EXIST")

    def test_as_a_versions_source(self, http, theirs):
        http.post(f"{API}/registered-models/create", json={"name": "thief"})
        for source in (
            f"runs:/{theirs['run']}/model",
            f"models:/{theirs['model']}",
            f"mlflow-artifacts:/runs/{theirs['run']}/model",
            f"mlflow-artifacts:/models/{theirs['model']}",
        ):
            body = {"name": "thief", "source": source}
            refused(http.post(f"{API}/model-versions/create", json=body), "RESOURCE_DOES_NOT_EXIST")

    def test_a_metric_of_another_workspaces_model(self, http, run_id, theirs):
        body = {
            "run_id": run_id,
            "key": "a",
            "value": 1,
            "timestamp": 1,
            "model_id": theirs["model"],
        }
        refused(http.post(f"{API}/runs/log-metric", json=body), "RESOURCE_DOES_NOT_EXIST")
        data = http.get(f"{API}/runs/get", params={"run_id": run_id}).json()["run"].get("data", {})
        assert "metrics" not in data or data["metrics"] == []


class TestWhoAsks:
    """5, 6: no default credentials, no route that forgot to ask."""

    @pytest.mark.parametrize("pair", [("admin", "password"), ("admin", "password1234"), ("", "")])
    def test_default_credentials(self, live, pair):
        answer = httpx.get(
            f"{live.url}{API}/experiments/get?experiment_id=0", auth=pair, timeout=60
        )
        refused(answer, "UNAUTHENTICATED")

    @pytest.mark.parametrize(
        "path",
        [
            f"{API}/experiments/search",
            "/ajax-api/2.0/mlflow/experiments/search",
            "/api/3.0/mlflow/workspaces",
            "/get-artifact?run_id=1&path=a",
            "/model-versions/get-artifact?name=m&version=1&path=a",
            FILES,
        ],
    )
    def test_nobody(self, live, path):
        refused(httpx.get(f"{live.url}{path}", timeout=60), "UNAUTHENTICATED")

    @pytest.mark.parametrize(
        "path", ["/signup", "/api/2.0/mlflow/users/create", "/ajax-api/3.0/jobs/"]
    )
    def test_accounts_are_not_made_by_visitors(self, live, path):
        answer = httpx.post(
            f"{live.url}{path}", json={"username": "eve", "password": "x" * 20}, timeout=60
        )
        assert answer.status_code in {401, 404, 405, 501}

    def test_a_foreign_host_or_origin_gets_no_permission_to_read(self, live):
        headers = {"Origin": "https://evil.example"}
        answer = httpx.get(f"{live.url}/api/3.0/mlflow/server-info", headers=headers, timeout=60)
        assert "access-control-allow-origin" not in answer.headers


class TestTooMuch:
    """7, 8, 9: bodies, batches and filters without end, and bytes that are no text."""

    @pytest.mark.parametrize("part", ["metrics", "params", "tags"])
    def test_batches(self, http, run_id, part):
        size = {"metrics": 1001, "params": 101, "tags": 101}[part]
        items = [{"key": f"k{n}", "value": "1", "timestamp": 1} for n in range(size)]
        answer = http.post(f"{API}/runs/log-batch", json={"run_id": run_id, part: items})
        refused(answer, "INVALID_PARAMETER_VALUE")
        run = http.get(f"{API}/runs/get", params={"run_id": run_id}).json()["run"]
        assert run["data"].get(part, []) in ([], run["data"].get("tags"))

    @pytest.mark.parametrize(
        "content",
        [
            b"\xff\xfe",
            b'{"name": "\xc3\x28"}',
            b'{"name": "a',
            b"[" * 100_000,
            b'{"name": ' + b'{"a":' * 50_000,
            b'"text"',
            b"null",
            b"[]",
            b'{"name": "' + b"x" * 2**21 + b'"}',
            b'{"name": "a\\u0000b"}',
            b'{"name": "\\ud800"}',
        ],
        ids=range(11),
    )
    def test_bodies(self, http, content):
        for path in ("experiments/create", "registered-models/create", "runs/search", "webhooks"):
            headers = {"Content-Type": "application/json"}
            answer = http.post(f"{API}/{path}", content=content, headers=headers)
            if path == "runs/search" and answer.status_code == 200:
                continue  # it has no name, and ignores what it does not know
            refused(answer)

    @pytest.mark.parametrize(
        "text",
        [
            " AND ".join(["metrics.a > 1"] * 5000),
            "(" * 5000 + "metrics.a > 1",
            "tags.a LIKE '" + "%" * 5000 + "'",
            "metrics.a > 1; DROP TABLE runs",
            "tags.`a` = 'x' OR 1=1",
            "params.a = 'x' UNION SELECT 1",
            "attributes.password = 'x'",
            "metrics.a > 1e999999",
            "tags." + "a" * 9000 + " = 'x'",
            "\x00",
        ],
        ids=range(10),
    )
    def test_filters(self, http, text):
        for path, body in (
            ("runs/search", {"experiment_ids": ["0"], "filter": text}),
            ("experiments/search", {"filter": text}),
            ("logged-models/search", {"experiment_ids": ["0"], "filter": text}),
        ):
            answer = http.post(f"{API}/{path}", json=body)
            assert answer.status_code in {200, 400}, answer.text[:300]
            assert answer.elapsed.total_seconds() < 20  # not exponential
        assert http.get(
            f"{API}/registered-models/search", params={"filter": text[:4000]}
        ).status_code in {
            200,
            400,
        }

    def test_unknown_keys_set_nothing(self, http):
        body = {"name": "plain", "workspace_id": 1, "lifecycle_stage": "deleted", "id": 7}
        made = http.post(f"{API}/experiments/create", json=body).json()["experiment_id"]
        found = http.get(f"{API}/experiments/get", params={"experiment_id": made}).json()
        assert found["experiment"]["lifecycle_stage"] == "active"

    @pytest.mark.parametrize("number", ["-1", "0", "abc", "9" * 30, "1.5", ""])
    def test_numbers(self, http, number):
        body = {"experiment_ids": ["0"], "max_results": number}
        refused(http.post(f"{API}/runs/search", json=body), "INVALID_PARAMETER_VALUE")
        answer = http.get(f"{API}/experiments/get", params={"experiment_id": number})
        assert answer.status_code in {200, 400, 404}


class TestInwards:
    """10: the server is not sent to inner addresses (more in integration/registry)."""

    @pytest.mark.parametrize(
        "url", ["http://169.254.169.254/", "https://localhost/", "https://[::1]/", "https://0/"]
    )
    def test_webhooks(self, http, url):
        event = {"entity": "MODEL_VERSION", "action": "CREATED"}
        body = {"name": "in", "url": url, "events": [event]}
        refused(http.post(f"{API}/webhooks", json=body), "INVALID_PARAMETER_VALUE")

    @pytest.mark.parametrize(
        "path",
        [
            "/ajax-api/2.0/mlflow/gateway-proxy",
            "/graphql",
            "/api/3.0/mlflow/gateway/secrets/create",
            "/api/3.0/mlflow/mcp-servers",
            "/ajax-api/3.0/mlflow/mcp-servers/tools/versions/1/tags",
            "/ajax-api/3.0/jobs/search",
            "/ajax-api/3.0/mlflow/issues/invoke",
            "/gateway/openai/v1/chat/completions",
        ],
    )
    def test_what_is_not_there_says_so_by_name(self, http, path):
        answer = http.post(path, content=json.dumps({"gateway_path": "http://169.254.169.254"}))
        refused(answer, "NOT_IMPLEMENTED")
        assert answer.status_code == 501
        assert http.get("/gateway/mlflow/v1/models").status_code == 501


def raw(live, method: str, target: str):
    """Send a request whose target is not normalised."""
    import http.client
    from types import SimpleNamespace

    address = httpx.URL(live.url)
    connection = http.client.HTTPConnection(address.host, address.port or 80, timeout=20)
    connection._validate_path = lambda _target: None  # type: ignore[attr-defined]
    connection._encode_request = lambda line: line.encode("utf-8")  # type: ignore[attr-defined]
    body = b"x" if method == "PUT" else None
    headers = {"Authorization": f"Bearer {live.token}"}
    connection.request(method, target, body, headers)
    answer = connection.getresponse()
    text = answer.read().decode(errors="replace")
    connection.close()
    return SimpleNamespace(
        status_code=answer.status, text=text, json=lambda: json.loads(text or "{}")
    )
