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
OWN_WORDS = "same status and error code; the sentence names the limit or the position in the filter"

REST = {
    "create, get and search an experiment (with an `artifact_location`)": (
        "the location is refused",
        OWN_FILES,
    ),
    "create a run with all arguments, and with none": ("`user_id` is the token's person", PERSON),
    "artifacts of a run; model versions from a local path and from a `file:` address": (
        "artifacts are at `mlflow-artifacts:`, other sources are refused",
        OWN_FILES,
    ),
    "a model version of a logged model without files": ("refused: it names no model", CHECKED),
    "a logged model whose source run is `123`": ("refused: there is no such run", CHECKED),
    "pages of runs that started in the same millisecond": (
        "the newest comes first, not the smallest random id",
        "pages are keyset pages over one index",
    ),
    "GraphQL: server, batches, experiments, runs, artifacts, histories, datasets, NaN (8 tests)": (
        "501",
        PAGES,
    ),
    "runs of the prompt lab (2 tests)": ("501", PAGES),
    "the file of a trace's spans, `get-trace-artifact`": (
        "501; spans come with the trace itself",
        PAGES,
    ),
    "statistics of traces, `traces/metrics`": ("501", PAGES),
    "secrets, endpoints, model definitions, bindings and providers of the gateway, and scoring of "
    "traces as they come through it (23 tests)": ("501", GATEWAY),
}
STORES = {
    "the life of the Default experiment": (
        "it cannot be deleted",
        "clients that choose no experiment log into it",
    ),
    "an experiment's id that is no number": ("not found, instead of malformed", OWN_WORDS),
    "an experiment with a location that is taken, or with tags and a location": (
        "the location is refused",
        OWN_FILES,
    ),
    "too long values, empty names, wrong filters, comparisons, page tokens and sizes": (
        "other sentences; `IN` and an empty model name are allowed in more places",
        OWN_WORDS,
    ),
    "a prompt with a model's name; a webhook with a blank address or of another scheme": (
        "refused with other sentences",
        OWN_WORDS,
    ),
    "models ordered by times that the test sets in its own process": (
        "ordered by when they changed",
        "the server is another process, with the clock of its own",
    ),
    "runs ordered by their end": (
        "a run that is finished without an end has ended now",
        "a run without an end would have no duration",
    ),
    "runs with the tag `mlflow.user`, datasets with a user": ("the token's person", PERSON),
    "tags of a trace, `mlflow.artifactLocation`": (
        "there is no such tag",
        "spans are kept with the trace, not in a file",
    ),
    "a trace that is logged whole; a trace of the second protocol that was just begun": (
        "no mark `mlflow.trace.infoFinalized`; a duration of 0 instead of none",
        "a trace may always be completed; the second protocol has no word for none",
    ),
    "spans that the test makes with ids other than their trace's; traces, tokens and costs that "
    "are found by them": (
        "they make a trace of their own",
        "OpenTelemetry's id decides unless the client wrote its own into the span",
    ),
    "assessments of a session, a run's assessments, validity of an expectation": (
        "an assessment belongs to one trace, and says no run",
        "sessions are not kept",
    ),
    "models and evaluation datasets without parameters, records or profile": (
        "empty lists and `num_records: 0`, not nothing",
        "the client's REST store makes empty lists of what is missing",
    ),
    "when an evaluation dataset was changed by adding experiments": (
        "it counts as a change",
        "who used a dataset, and when, is worth knowing",
    ),
    "scoring of traces as they come, and scorers that name models of the gateway": (
        "501, and kept as they are",
        GATEWAY,
    ),
    "several traces at once, of which some are not complete": (
        "they are given too",
        "what is there is worth showing",
    ),
}


FIGURES: dict[str, tuple[str, str, str]] = {
    "REST: tracking and registry (`rest`)": ("180 of 194", "137 of 194", "45, all in the table"),
    "Store of the registry (`registry`)": ("30 of 107", "59 of 107", "4, all in the table"),
}
"""Suite, what passes on a genuine server, what passes here, what passes there only."""


def rows() -> str:
    """Give how the tests are run, the figures and both tables as Markdown."""
    head = "| Test | Here | Why |\n|---|---|---|\n"
    told = [
        head + "".join(f"| {test} | {here} | {why} |\n" for test, (here, why) in table.items())
        for table in (REST, STORES)
    ]
    figures = "".join(f"| {name} | {' | '.join(row)} |\n" for name, row in FIGURES.items())
    return (
        "`scripts/mlflow_upstream` runs them: it puts Modelyard where a test starts its server, a "
        "new workspace for each. The tests themselves are not part of this repository. Tests that "
        "the suites skip are not counted.\n\n"
        "| Suite | Genuine server passes | Modelyard passes | Genuine server alone passes |\n"
        f"|---|---|---|---|\n{figures}\n"
        "REST tests that a genuine server passes and Modelyard does not:\n\n"
        f"{told[0]}\n"
        "Tests of the stores through the client's REST stores that do not pass here; a genuine "
        "server was asked for few of them. Tests that look into MLflow's own tables are left out:"
        f"\n\n{told[1]}"
    )
