"""What a caller needs to reach an endpoint over gRPC, and code that does."""

from __future__ import annotations

import json
from typing import Any

from .openapi import example_rows, v2_body
from .routing import Route

_CODE = """import json
import os

import numpy as np
import tritonclient.grpc as grpc  # pip install "tritonclient[grpc]"
from tritonclient.utils import triton_to_np_dtype

client = grpc.InferenceServerClient("{address}")
inputs = []
for given in json.loads(r'''{inputs}'''):
    tensor = grpc.InferInput(given["name"], given["shape"], given["datatype"])
    values = np.array(given["data"], dtype=triton_to_np_dtype(given["datatype"]))
    tensor.set_data_from_numpy(values.reshape(given["shape"]))
    inputs.append(tensor)
key = os.environ["MODELYARD_ENDPOINT_KEY"]
answer = client.infer("{model}", inputs, headers={{"authorization": f"Bearer {{key}}"}})
for output in answer.get_response().outputs:
    print(output.name, answer.as_numpy(output.name))
"""


def grpc_facts(route: Route, address: str) -> dict[str, Any]:
    """Give an endpoint's address and name over gRPC, and Python code that calls it."""
    model = f"{route.workspace}/{route.environment}/{route.deployment}"
    inputs = v2_body(route.signature, example_rows(route))["inputs"]
    rows = ",\n    ".join(json.dumps(one).replace("'", "\\u0027") for one in inputs)
    written = f"[\n    {rows}\n]"
    code = _CODE.format(address=address, inputs=written, model=model)
    return {"address": address, "model": model, "python": code}
