"""The OpenAPI 3.1 document of one endpoint, generated from its route."""

from __future__ import annotations

import json
from typing import Any

from . import language_openapi, media
from .answers import output_name
from .package import Column, DType, Signature
from .records import Skin
from .routing import Route

_JSON_TYPES: dict[DType, dict[str, Any]] = {
    DType.boolean: {"type": "boolean"},
    DType.integer: {"type": "integer", "format": "int32"},
    DType.long: {"type": "integer", "format": "int64"},
    DType.float: {"type": "number", "format": "float"},
    DType.double: {"type": "number", "format": "double"},
    DType.string: {"type": "string"},
    DType.binary: {"type": "string", "contentEncoding": "base64"},
    DType.datetime: {"type": "string", "format": "date-time"},
    DType.object: {},
}
_SAMPLES: dict[DType, Any] = {
    DType.boolean: True,
    DType.integer: 1,
    DType.long: 1,
    DType.float: 0.5,
    DType.double: 0.5,
    DType.string: "text",
    DType.binary: "AA==",
    DType.datetime: "2026-01-31T12:00:00",
    DType.object: None,
}
_REFUSALS = {
    "401": "The address is unknown or the key does not open it.",
    "403": "The key may not do this.",
    "406": "The answer cannot be written in a form that `Accept` names.",
    "413": "The body is larger than this endpoint accepts.",
    "415": "The body is of a type this call does not read, or compressed.",
    "422": "The input does not fit the model; `fields` names rows and columns.",
    "429": "The key has used up its requests for this minute, or too many calls wait.",
    "503": "No model server is ready; try again after `Retry-After` seconds.",
    "504": "The model did not answer in time.",
}


def openapi(route: Route, base_url: str = "") -> dict[str, Any]:
    """Describe an endpoint's calls, with the model's own input example where it has one."""
    address = f"{base_url}/{route.workspace}/{route.environment}/{route.deployment}"
    row, rows = _row_schema(route.signature), example_rows(route)
    prediction = _prediction_schema(route.signature)
    kinds = media.accepted(Skin.predict, route.signature)
    v2 = f"/v2/models/{route.deployment}"
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"{route.deployment} ({route.environment})",
            "version": str(max((target.version for target in route.targets), default=0)),
        },
        "servers": [{"url": address}],
        "security": [{"key": []}],
        "paths": language_openapi.paths(route)
        if route.language is not None
        else {
            "/predict": {"post": _predict(row, rows, prediction, kinds)},
            "/invocations": {"post": _invocations(rows, prediction, kinds)},
            f"{v2}/infer": {
                "post": _infer(v2_body(route.signature, rows), (media.JSON, media.BINARY))
            },
            v2: {"get": _metadata("metadata", "Describe the model's inputs and outputs.")},
            f"{v2}/ready": {"get": _metadata("modelReady", "Tell whether the model answers.")},
            "/v2/health/ready": {"get": _metadata("ready", "Tell whether the endpoint answers.")},
        },
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": {"Problem": _problem()},
        },
    }


def example_rows(route: Route) -> list[Any]:
    """Give the input example as rows; one made from the signature when the model has none."""
    try:
        stored = json.loads(route.example) if route.example else None
    except ValueError:
        stored = None
    if isinstance(stored, dict) and isinstance(stored.get("dataframe_split"), dict):
        stored = stored["dataframe_split"]
    if isinstance(stored, dict) and "columns" in stored and "data" in stored:
        names = [str(name) for name in stored["columns"]]
        return [dict(zip(names, row, strict=False)) for row in stored["data"][:2]]
    if isinstance(stored, dict) and isinstance(stored.get("inputs"), list):
        stored = stored["inputs"]
    if isinstance(stored, list) and stored:
        return stored[:2]
    if route.signature.is_tensor:
        return [_tensor_sample(route.signature.inputs[0])]
    return [{column.name: _SAMPLES[column.dtype] for column in route.signature.inputs}]


def v2_body(signature: Signature, rows: list[Any]) -> dict[str, Any]:
    """Write rows as an Open Inference Protocol v2 request."""
    if rows and all(isinstance(row, dict) for row in rows):
        types = {column.name: column.dtype for column in signature.inputs}
        inputs = [
            {
                "name": name,
                "shape": [len(rows)],
                "datatype": v2_datatype(types.get(name, DType.double)),
                "data": [row.get(name) for row in rows],
            }
            for name in rows[0]
        ]
        return {"inputs": inputs}
    name = signature.inputs[0].name if signature.inputs else "inputs"
    dtype = signature.inputs[0].dtype if signature.inputs else DType.double
    shape, flat = [len(rows)], rows
    while flat and isinstance(flat[0], list):
        shape.append(len(flat[0]))
        flat = [leaf for item in flat for leaf in item]
    tensor = {"name": name, "shape": shape, "datatype": v2_datatype(dtype), "data": flat}
    return {"inputs": [tensor]}


def v2_datatype(dtype: DType) -> str:
    """Name a signature type in v2's words."""
    names = {
        DType.boolean: "BOOL",
        DType.integer: "INT32",
        DType.long: "INT64",
        DType.float: "FP32",
        DType.double: "FP64",
    }
    return names.get(dtype, "BYTES")


def v2_metadata(route: Route) -> dict[str, Any]:
    """Describe a model in v2's words."""
    return {
        "name": route.deployment,
        "versions": sorted({str(target.version) for target in route.targets}),
        "platform": "modelyard",
        "inputs": [_v2_column(column) for column in route.signature.inputs],
        "outputs": [
            {**_v2_column(column), "name": output_name(column.name)}
            for column in route.signature.outputs
        ],
    }


def _v2_column(column: Column) -> dict[str, Any]:
    shape = list(column.shape) if column.shape is not None else [-1]
    return {"name": column.name, "datatype": v2_datatype(column.dtype), "shape": shape}


def _tensor_sample(column: Column) -> Any:
    sample: Any = _SAMPLES[column.dtype]
    for size in reversed((column.shape or (-1,))[1:]):
        sample = [sample] * (1 if size == -1 else size)
    return sample


def _row_schema(signature: Signature) -> dict[str, Any]:
    if signature.is_tensor:
        return {"type": "array", "description": f"shape {list(signature.inputs[0].shape or ())}"}
    if not signature.inputs:
        return {}
    return {
        "type": "object",
        "properties": {column.name: _value_schema(column) for column in signature.inputs},
        "required": [column.name for column in signature.inputs if column.required],
        "additionalProperties": False,
    }


def _value_schema(column: Column) -> dict[str, Any]:
    schema = dict(_JSON_TYPES[column.dtype])
    if not column.required and "type" in schema:
        schema["type"] = [schema["type"], "null"]
    return schema


def _prediction_schema(signature: Signature) -> dict[str, Any]:
    if len(signature.outputs) != 1:
        return {}
    output = signature.outputs[0]
    return dict(_JSON_TYPES[output.dtype]) if len(output.shape or (-1,)) == 1 else {"type": "array"}


def _predict(
    row: dict[str, Any], rows: list[Any], prediction: dict[str, Any], kinds: tuple[str, ...]
) -> dict[str, Any]:
    one_of = [
        {"type": "object", "required": ["rows"], "properties": {"rows": _list_of(row)}},
        {"type": "object", "required": ["row"], "properties": {"row": row}},
        {"type": "object", "required": ["columns"], "properties": {"columns": {"type": "object"}}},
    ]
    answer = {
        "type": "object",
        "required": ["prediction_id", "model", "version", "predictions"],
        "properties": {
            "prediction_id": {"type": "string"},
            "model": {"type": "string"},
            "version": {"type": "integer"},
            "predictions": _list_of(prediction),
        },
    }
    body = {"schema": {"oneOf": one_of}, "example": {"rows": rows}}
    return _call("predict", "Predict rows.", body, answer, kinds)


def _invocations(
    rows: list[Any], prediction: dict[str, Any], kinds: tuple[str, ...]
) -> dict[str, Any]:
    keys = ("dataframe_split", "dataframe_records", "instances", "inputs")
    schema = {"type": "object", "oneOf": [{"required": [key]} for key in keys]}
    is_table = bool(rows) and all(isinstance(row, dict) for row in rows)
    example = {"dataframe_records" if is_table else "instances": rows}
    answer = {"type": "object", "properties": {"predictions": _list_of(prediction)}}
    body = {"schema": schema, "example": example}
    return _call("invocations", "Predict rows in MLflow's bodies.", body, answer, kinds)


def _infer(example: dict[str, Any], kinds: tuple[str, ...]) -> dict[str, Any]:
    schema = {"type": "object", "required": ["inputs"], "properties": {"inputs": _list_of({})}}
    answer = {"type": "object", "required": ["outputs"], "properties": {"outputs": _list_of({})}}
    summary = "Predict tensors (Open Inference Protocol v2)."
    call = _call("infer", summary, {"schema": schema, "example": example}, answer, kinds)
    length = {
        "name": "Inference-Header-Content-Length",
        "in": "header",
        "schema": {"type": "integer", "minimum": 0},
        "description": "Bytes of the JSON part, when binary tensors follow it.",
    }
    return {**call, "parameters": [length]}


def _call(
    name: str, summary: str, body: dict[str, Any], answer: dict[str, Any], kinds: tuple[str, ...]
) -> dict[str, Any]:
    content = {kind: body if kind == media.JSON else _other(kind) for kind in kinds}
    answers = [media.BINARY] if media.BINARY in kinds else [form.value for form in media.Form]
    headers = {
        header: {"schema": {"type": "string"}}
        for header in ("X-Prediction-Id", "X-Model-Version", "X-Modelyard-Revision")
    }
    success = {
        "description": "Predictions, one per row.",
        "headers": headers,
        "content": {
            media.JSON: {"schema": answer},
            **{kind: _other(kind) for kind in answers if kind != media.JSON},
        },
    }
    return {
        "operationId": name,
        "summary": summary,
        "requestBody": {"required": True, "content": content},
        "responses": {"200": success, **_problems(tuple(_REFUSALS))},
    }


def _other(kind: str) -> dict[str, Any]:
    if kind == media.CSV:
        return {"schema": {"type": "string"}}
    return {"schema": {"type": "string", "format": "binary", "contentMediaType": kind}}


def _metadata(name: str, summary: str) -> dict[str, Any]:
    success = {"description": summary, "content": {"application/json": {"schema": {}}}}
    return {
        "operationId": name,
        "summary": summary,
        "responses": {"200": success, **_problems(("401", "503"))},
    }


def _problems(statuses: tuple[str, ...]) -> dict[str, Any]:
    reference = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {
        status: {
            "description": _REFUSALS[status],
            "content": {"application/problem+json": reference},
        }
        for status in statuses
    }


def _list_of(schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": schema}


def _problem() -> dict[str, Any]:
    where = {
        "type": "object",
        "properties": {
            "row": {"type": ["integer", "null"]},
            "column": {"type": ["string", "null"]},
            "problem": {"type": "string"},
        },
    }
    text = {"type": "string"}
    return {
        "type": "object",
        "required": ["type", "title", "status", "code", "detail", "request_id"],
        "properties": {
            "type": text,
            "title": text,
            "status": {"type": "integer"},
            "code": text,
            "detail": text,
            "request_id": text,
            "fields": _list_of(where),
        },
    }
