"""Twenty registrations and alias moves at once keep numbers and aliases whole."""

from concurrent.futures import ThreadPoolExecutor

from tests.make.registry import MLFLOW, a_package, logged, model_id, registered

AT_ONCE = 20


def test_twenty_registrations_and_alias_moves_at_once(workspace):
    client = workspace.client("developer")
    source = logged(client, a_package())
    registered(client, "churn", source=source)
    address = f"/api/v1/models/{model_id(client, 'churn')}"
    body = {"name": "churn", "source": source}

    def register(_):
        return client.post(f"{MLFLOW}/model-versions/create", json=body)

    def move(number):
        return client.put(f"{address}/aliases/champion", json={"version": 1 + number % 2})

    registered(client, "churn", source=source)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        made = list(pool.map(register, range(AT_ONCE)))
        moved = list(pool.map(move, range(AT_ONCE)))

    assert {answer.status_code for answer in made} == {200}, [a.text for a in made]
    assert {answer.status_code for answer in moved} == {204}, [a.text for a in moved]
    numbers = sorted(int(answer.json()["model_version"]["version"]) for answer in made)
    assert numbers == list(range(3, AT_ONCE + 3))
    shown = client.get(f"{address}/versions", params={"limit": 100}).json()["items"]
    assert len({version["version"] for version in shown}) == AT_ONCE + 2
    assert len({version["digest"] for version in shown}) == 1
    champions = [v["version"] for v in shown if "champion" in v["aliases"]]
    assert champions == [client.get(address).json()["aliases"]["champion"]]
