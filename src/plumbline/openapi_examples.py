"""Examples for the API's description: made from each schema, so that none is forgotten and all stay the same."""

from typing import Any

BY_NAME: dict[str, Any] = {
    "accuracy_metres": 8,
    "certificate_no": "JL-20260110-041",
    "code": "VERIFICATION_OVERDUE",
    "commitment": "eyJhbGciOiJFUzI1NiJ9.eyJldmlkZW5jZV9pZCI6Ii4uLiJ9.c2lnbmF0dXJl",
    "device_tag": "SLM-041",
    "division_code": "420106",
    "event": "evidence:bytes:received",
    "issuing_body": "湖北省计量测试技术研究院",
    "kind": "SOUND_LEVEL",
    "latitude": 30.5454,
    "longitude": 114.3054,
    "maker": "杭州爱华",
    "media_type": "image/jpeg",
    "model": "AWA5688",
    "next": None,
    "public_key": {"kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                   "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},
    "receipt": "eyJhbGciOiJFZDI1NTE5In0.eyJyZWNlaXB0IjoiU0FGRV9UT19XSVBFIn0.c2lnbmF0dXJl",
    "rule_version": "2026-11-5",
    "serial_no": "41027",
    "sha256": "b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c",
    "size": 2_187_264,
    "tag": "SLM-041",
    "token": "mR2k1Xq7wT5v0sZy8uB3cN6dF9gH4jL1pQ2rS5tV8xY",
    "unit_name": "武昌区",
    "words": "检定有效期已过。",
}  # fmt: skip
"""By the name of a member, where the schema has no example of its own."""

BY_FORMAT = {
    "date": "2026-05-04",
    "date-time": "2026-05-04T01:30:00Z",
    "uuid": "0190a8f2-5b5e-7c3a-9d2e-4f1b6c7d8e9f",
    "binary": "(the bytes of the file)",
}
BY_TYPE: dict[str, Any] = {"string": "…", "integer": 1, "number": 1.5, "boolean": True, "null": None}
DEEPEST = 8
"""Nesting of an example; schemas may refer to themselves."""


def with_examples(document: dict[str, Any]) -> dict[str, Any]:
    """The same document; every JSON body in it that had none has an example, and answers without a body say so."""
    for item in document["paths"].values():
        for method, operation in item.items():
            for status, response in operation["responses"].items():
                if method == "head" or status == "204":
                    response.pop("content", None)
            for body in (operation.get("requestBody", {}), *operation["responses"].values()):
                for content in body.get("content", {}).values():
                    if "example" not in content and "examples" not in content:
                        content["example"] = _example(content.get("schema", {}), document["components"]["schemas"])
    return document


def _example(schema: dict[str, Any], named: dict[str, Any], name: str = "", depth: int = 0) -> Any:
    """`name` is that of the member which the schema describes."""
    schema = _resolved(schema, named)
    if shown := schema.get("examples") or schema.get("enum"):
        return (list(shown.values()) if isinstance(shown, dict) else shown)[0]
    if name in BY_NAME:
        return BY_NAME[name]
    kind = _kind(schema)
    if kind == "object":
        members = schema.get("properties", {}).items() if depth < DEEPEST else ()
        return {key: _example(value, named, key, depth + 1) for key, value in members}
    if kind == "array":
        return [_example(schema["items"], named, name, depth + 1)] if "items" in schema and depth < DEEPEST else []
    return schema.get("const", BY_FORMAT.get(schema.get("format", ""), BY_TYPE.get(kind)))


def _resolved(schema: dict[str, Any], named: dict[str, Any]) -> dict[str, Any]:
    """Without references, and the first choice where there are several."""
    choices = [schema[key] for key in ("oneOf", "anyOf", "allOf") if key in schema]
    if choices:
        real = [choice for choice in choices[0] if choice.get("type") != "null"]
        return _resolved(real[0], named) if real else {"type": "null"}
    if "$ref" in schema:
        return _resolved(named[schema["$ref"].rpartition("/")[2]], named)
    return schema


def _kind(schema: dict[str, Any]) -> str:
    kind = schema.get("type", "object" if "properties" in schema else "string")
    return next((one for one in kind if one != "null"), "null") if isinstance(kind, list) else kind
