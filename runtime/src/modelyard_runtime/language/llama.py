"""llama.cpp in this process."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from modelyard_protocol.records import Skin

from . import header

CONTEXT_VARIABLE, CALLS_VARIABLE = "LLM_CONTEXT_TOKENS", "LLM_PARALLEL_CALLS"
CONTEXT_TOKENS = 4096  # of one call; a longer one costs memory whether it is used or not
PARALLEL_CALLS = 2
_SOCKET = "llama.sock"  # the engine opens a server of its own; nobody is told where

_ALIVE: list[Any] = []
"""Engines are never let go of: ending one may wait for ever. Their processes end without it."""

Heard = Callable[[bytes], bool]
"""Takes the JSON of one event; tells whether the engine is to stop."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much the engine does at once."""

    context: int
    calls: int
    threads: int


def size() -> Size:
    """Read from the environment what the engine may use.

    Raises:
        ValueError: a variable is no number that can be used.
    """
    return Size(
        context=_number(CONTEXT_VARIABLE, CONTEXT_TOKENS, 64, 1_048_576),
        calls=_number(CALLS_VARIABLE, PARALLEL_CALLS, 1, 64),
        threads=_number("OMP_NUM_THREADS", 1, 1, 1024),
    )


def _number(name: str, otherwise: int, low: int, high: int) -> int:
    text = os.environ.get(name) or str(otherwise)
    if not text.isdigit() or not low <= int(text) <= high:
        raise ValueError(f"The variable {name} must be a number from {low} to {high}: {text!r}.")
    return int(text)


class Llama:
    """A loaded language model; many threads may ask it at once."""

    def __init__(self, weights: Path, wanted: Size) -> None:
        import xllamacpp

        params = xllamacpp.CommonParams()
        params.model.path = str(weights.absolute())
        os.chdir(tempfile.gettempdir())  # a socket's address has to be short
        params.n_ctx = wanted.context * wanted.calls
        params.n_parallel = wanted.calls
        is_for_vectors = _sums_up(weights)
        # An input for embeddings has to fit one batch; a call can be ended between two.
        params.n_batch = params.n_ubatch = min(wanted.context, 2048 if is_for_vectors else 512)
        for threads in (params.cpuparams, params.cpuparams_batch):
            threads.n_threads = wanted.threads
        params.embedding = True  # beside chat; the model need not be made for it
        params.n_gpu_layers = 0
        params.cache_ram_mib = 0  # the memory is for the model
        params.warmup = False
        params.fit_params = False  # what does not fit is to fail, not to become something else
        params.ui = False
        params.verbosity = -1
        params.n_threads_http = 1
        Path(_SOCKET).unlink(missing_ok=True)
        params.hostnames = [_SOCKET]  # where the sandbox lets no other socket be
        if not is_for_vectors:
            params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
        try:
            self._server = xllamacpp.Server(params)
        except RuntimeError as error:
            told = "not a GGUF file it can read, or too large for the memory there is"
            raise RuntimeError(f"llama.cpp did not load the model: {told} ({error})") from error
        _ALIVE.append(self._server)

    def talk(self, skin: Skin, payload: dict[str, Any], heard: Heard) -> None:
        """Write an answer; `heard` gets every event, also the one that says why there is none.

        Raises:
            ValueError: the engine cannot read the payload.
        """
        asked = payload | {
            "stream": True,
            "stream_options": {"include_usage": True},
            "timings_per_token": True,  # what was counted when a call ends early
            "return_progress": True,  # signs of life, and places to end, while it reads
        }
        ask = self._server.handle_completions
        if skin is Skin.chat:
            ask = self._server.handle_chat_completions
        ask(orjson.dumps(asked), heard)

    def embed(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Give the answer to a call for embeddings, or an `error`."""
        found: dict[str, Any] = orjson.loads(self._server.handle_embeddings(orjson.dumps(payload)))
        return found


def _sums_up(weights: Path) -> bool:
    """Tell whether a model says how the vectors of its tokens become one of the text."""
    return any(name.endswith(".pooling_type") for name in header.names(weights))
