"""Tests of the MLflow project that do not pass here, each with why.

They were run over HTTP with the client of the newest release: its REST tests of tracking and
registry, and the tests of its stores as far as they can be driven through the client's REST stores.
"""

OWN_FILES = "clients never choose where files lie, and every byte goes through the server"
PAGES = "only MLflow's own web pages use it; Modelyard has its own"
GATEWAY = (
    "Modelyard serves models of its own; it passes no calls on to providers of language models"
)
CHECKED = "an id or file that is not there is refused, not kept"
PERSON = "the person whose token it is; a name that anybody can claim proves nothing"

REST = {
    "create, get and search an experiment (with an `artifact_location`)": (
        "the location is refused",
        OWN_FILES,
    ),
    "create a run with all arguments, and with none": ("`user_id` is the token's person", PERSON),
    "artifacts of a run; a model that is logged to a `file:` address, where the test marks itself "
    "as expected to fail; model versions from a local path and from a `file:` address": (
        "artifacts are at `mlflow-artifacts:`, other sources are refused",
        OWN_FILES,
    ),
    "a model version of a logged model without files": ("refused: it names no model", CHECKED),
    "a logged model whose source run is `123`": ("refused: there is no such run", CHECKED),
    "GraphQL: server, batches, experiments, runs, artifacts, histories, datasets, NaN (8 tests)": (
        "501",
        PAGES,
    ),
    "runs of the prompt lab (2 tests)": ("501", PAGES),
    "secrets, endpoints, model definitions, bindings, providers and calls of the gateway, and "
    "scoring of traces as they come through it (24 tests)": ("501", GATEWAY),
}
ARTIFACTS = {
    "a logged file, and files at the root of the store, looked for in the server's folder "
    "(2 tests)": ("kept by their content, not by their names", OWN_FILES),
    "a file of a version whose source is `mlflow-artifacts:`": (
        "404: the test makes the version in a database file, past the server",
        OWN_FILES,
    ),
}
WEBHOOKS = {
    "events of versions whose source is `s3://bucket/…` (6 tests)": (
        "the version is refused: its source names no model",
        CHECKED,
    ),
    "the test of a webhook whose receiver fails": (
        "it says the status, not what the receiver wrote",
        "a server must not be sent to inner systems",
    ),
}
STORES = {
    "an experiment with a location that is taken, or with tags and a location (2 tests)": (
        "the location is refused",
        OWN_FILES,
    ),
    "a run without a name": ("another list of words", "names are Modelyard's own words"),
    "too long values, refused or cut as a setting of the test's own process says (3 tests)": (
        "always cut, as a genuine server does unless it is told otherwise",
        "the server is another process",
    ),
    "runs with the tag `mlflow.user`": (
        "the token's person",
        PERSON,
    ),
    "models ordered by times that the test sets in its own process": (
        "ordered by when they changed",
        "the server is another process, with the clock of its own",
    ),
    "experiments that an evaluation dataset has already": (
        "accepted; the test reads the log of its own process",
        "the server is another process",
    ),
    "an issue of a run that is not there": ("not found, instead of a fault", CHECKED),
    "scoring of traces as they come (3 tests)": ("501", GATEWAY),
}


FIGURES: dict[str, tuple[str, str, str]] = {
    "REST: tracking and registry (`rest`)": ("181 of 194", "142 of 194", "45"),
    "Artifacts through the server (`artifacts`)": ("18 of 19", "15 of 19", "3"),
    "Webhooks (`webhooks`)": ("38 of 38", "31 of 38", "7"),
    "Store of the registry (`registry`)": ("64 of 105", "65 of 105", "1"),
    "Store of tracking (`tracking`)": ("346 of 431", "330 of 431", "22"),
}
"""Suite, what passes on a genuine server, what passes here, what passes there only."""


def rows() -> str:
    """Give how the tests are run, the figures and both tables as Markdown."""
    head = "| Test | Here | Why |\n|---|---|---|\n"
    told = [
        head + "".join(f"| {test} | {here} | {why} |\n" for test, (here, why) in table.items())
        for table in (REST, ARTIFACTS, WEBHOOKS, STORES)
    ]
    figures = "".join(f"| {name} | {' | '.join(row)} |\n" for name, row in FIGURES.items())
    return (
        "`scripts/mlflow_upstream` runs them: it puts Modelyard where a test starts its server, a "
        "new workspace for each. The tests themselves are not part of this repository. Tests that "
        "the suites skip, or that look into MLflow's own tables, are not counted. Both servers "
        "were asked by the same client on one machine. Files that a "
        "test keeps at the root of the store lie below a run here. What neither server passes "
        "compares the client's REST store with what only MLflow's own store in the same process "
        "does.\n\n"
        "| Suite | Genuine server passes | Modelyard passes | Genuine server alone passes |\n"
        f"|---|---|---|---|\n{figures}\n"
        "The figures are of the last whole run. The order of runs with one start, their ends and "
        "addresses, and the tags of traces (10 tests of the store of tracking, 1 of REST) were "
        "mended after it, and the script has stopped making up a model for 6 REST tests.\n\n"
        "REST tests that a genuine server passes and Modelyard does not:\n\n"
        f"{told[0]}\n"
        f"Tests of artifacts that a genuine server passes and Modelyard does not:\n\n{told[1]}\n"
        f"Tests of webhooks that a genuine server passes and Modelyard does not:\n\n{told[2]}\n"
        "Tests of the stores, through the client's REST stores, that a genuine server passes and "
        f"Modelyard does not:\n\n{told[3]}"
    )
