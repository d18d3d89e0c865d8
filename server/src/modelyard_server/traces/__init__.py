"""Traces: what a generative application did for one request, span by span, and what people say.

Owns: `traces`, `trace_spans`, `trace_runs`, `awaited_traces`, `trace_issues`, `scorer_versions`,
and what applications are evaluated on: `evaluation_datasets`, `evaluation_records`,
`evaluation_dataset_experiments`.

Invariants: a trace's id is its client's and means something in its workspace only. A trace stays in
the experiment it was first logged to. Logging the same span again replaces it. Two records of a
dataset never have the same inputs.

Facts emitted: audit events `traces.*`, `scorers.*` and `evaluation_datasets.*`; see
`routes.UNAUDITED` for what is not.
"""
