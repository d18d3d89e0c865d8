"""Traces: what a generative application did for one request, span by span, and what people say.

Owns: `traces`, `trace_spans`, `trace_runs`.

Invariants: a trace's id is its client's and means something in its workspace only. A trace stays in
the experiment it was first logged to. Logging the same span again replaces it.

Facts emitted: audit events `traces.*`; see `routes.UNAUDITED` for what is not.
"""
