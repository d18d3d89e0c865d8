"""What Triton's own client says to an endpoint; run by an interpreter that has only that client."""

import sys

import numpy as np
import tritonclient.grpc as rpc
import tritonclient.http as http

HTTP, GRPC, PATH, NAME, KEY = sys.argv[1:]
FULL = f"{PATH}/{NAME}"
AUTH = {"Authorization": f"Bearer {KEY}"}
LOWER = {"authorization": f"Bearer {KEY}"}
X = np.array([[1.0], [-2.5], [1e9]])


def tensor(module, binary=None):
    made = module.InferInput("x", [3, 1], "FP64")
    if binary is None:
        made.set_data_from_numpy(X)
    else:
        made.set_data_from_numpy(X, binary_data=binary)
    return made


def check(result, where):
    found = result.as_numpy("predictions")
    assert found.tolist() == [4.0, 0.5, 1e9 + 3], (where, found)


rest = http.InferenceServerClient(f"{HTTP}/{FULL}")
assert rest.is_server_live(headers=dict(AUTH))
assert rest.is_server_ready(headers=dict(AUTH))
assert rest.is_model_ready(NAME, headers=dict(AUTH))
assert "binary_tensor_data" in rest.get_server_metadata(headers=dict(AUTH))["extensions"]
assert rest.get_model_metadata(NAME, headers=dict(AUTH))["inputs"][0]["name"] == "x"
for sent in (True, False):
    check(rest.infer(NAME, [tensor(http, sent)], headers=dict(AUTH)), "all outputs")
    for got in (True, False):
        asked = [http.InferRequestedOutput("predictions", binary_data=got)]
        told = rest.infer(NAME, [tensor(http, sent)], outputs=asked, headers=dict(AUTH))
        check(told, ("rest", sent, got))
try:
    rest.infer(NAME, [tensor(http)], headers={"Authorization": "Bearer no"})
    raise SystemExit("a wrong key was let in")
except http.InferenceServerException as error:
    if "401" not in str(error.status()):
        raise

calls = rpc.InferenceServerClient(GRPC)
assert calls.is_server_live()
assert calls.is_server_ready()
assert calls.is_model_ready(FULL, headers=LOWER)
assert calls.get_model_metadata(FULL, headers=LOWER).inputs[0].datatype == "FP64"
check(calls.infer(FULL, [tensor(rpc)], headers=LOWER, request_id="mine"), "grpc")
home = {**LOWER, "modelyard-endpoint": PATH}
asked = [rpc.InferRequestedOutput("predictions")]
told = calls.infer(NAME, [tensor(rpc)], outputs=asked, headers=home, model_version="11")
check(told, "grpc by metadata")
assert told.get_response().model_version == "11"
for name, headers, code in (
    (FULL, {"authorization": "Bearer no"}, "UNAUTHENTICATED"),
    ("nowhere", LOWER, "NOT_FOUND"),
):
    try:
        calls.infer(name, [tensor(rpc)], headers=headers)
        raise SystemExit("it was let in")
    except rpc.InferenceServerException as error:
        if code not in str(error.status()):
            raise
print("all answered")
