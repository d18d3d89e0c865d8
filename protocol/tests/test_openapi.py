import json

from openapi_spec_validator import validate

from modelyard_protocol.inference import decode
from modelyard_protocol.openapi import openapi
from modelyard_protocol.package import Column, DType, Signature
from modelyard_protocol.records import Skin
from modelyard_protocol.routing import Route

SIGNATURE = Signature(
    inputs=(
        Column(name="age", dtype=DType.long),
        Column(name="city", dtype=DType.string, required=False),
    ),
    outputs=(Column(name="0", dtype=DType.double, shape=(-1,)),),
)


def a_route(example: object | None) -> Route:
    return Route(
        workspace="w", environment="staging", deployment="d", workspace_id=1, deployment_id="x",
        targets=(), keys=(), signature=SIGNATURE,
        example=None if example is None else json.dumps(example),
    )  # fmt: skip


def test_document_is_valid_openapi() -> None:
    validate(openapi(a_route(None), "http://localhost:8081"))


def test_every_example_in_the_document_is_accepted_by_the_endpoint() -> None:
    document = openapi(a_route({"columns": ["age", "city"], "data": [[41, "Oslo"]]}))
    paths = {
        Skin.predict: "/predict",
        Skin.invocations: "/invocations",
        Skin.v2: "/v2/models/d/infer",
    }
    for skin, path in paths.items():
        content = document["paths"][path]["post"]["requestBody"]["content"]
        example = json.dumps(content["application/json"]["example"]).encode()
        columns = decode(skin, "application/json", example, SIGNATURE)
        assert columns == {"age": [41], "city": ["Oslo"]}
