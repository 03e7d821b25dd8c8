"""The OpenAPI 3.1 document of a service, made from its endpoints' types, so that it cannot say anything else."""

from http import HTTPStatus
from importlib.metadata import version
from typing import Any

import msgspec

from backends.errors import (
    Forbidden,
    InFlight,
    InvalidValue,
    LoginRequired,
    OutcomeUnknown,
    ShopError,
    StorageError,
    Unavailable,
)
from stub_services.wire.endpoint import Call, Endpoint, Needs, Struct
from stub_services.wire.idempotency import KEY
from stub_services.wire.problems import MEDIA_TYPE, Bug, Malformed, status_of

_REFERENCE = "#/components/schemas/{name}"
_SECURITY: dict[Needs, list[dict[str, list[str]]]] = {
    Needs.ANYBODY: [],
    Needs.VIEWER: [{}, {"account": []}, {"guest": []}],
    Needs.SHOPPER: [{"account": []}, {"guest": []}],
    Needs.ACCOUNT: [{"account": []}],
    Needs.MERCHANT: [{"merchant": []}],
}
_SCHEMES = {
    "account": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "An access token."},
    "merchant": {"type": "http", "scheme": "bearer", "description": "The merchant's token."},
    "guest": {"type": "apiKey", "in": "header", "name": "Shop-Cart", "description": "The id of a guest's cart."},
}
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "Chosen by the caller, new for each new request, the same for its repetitions.",
    "schema": {"type": "string", "pattern": f"^{KEY}$"},
}


class Problem(Struct):
    """What went wrong (RFC 9457); `code` is stable, `detail` is for people, `hint` is a command."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    hint: str | None
    service: str
    outcome: str
    retryable: bool
    request_id: str
    retry_after: float | msgspec.UnsetType = msgspec.UNSET


class Document:
    """A document, encoded once."""

    def __init__(self, content: dict[str, Any]) -> None:
        """Hold `content`."""
        self.content = msgspec.Raw(msgspec.json.encode(content))


async def openapi(document: Document, call: Call) -> msgspec.Raw:  # noqa: ARG001
    """Say what this service offers."""
    return document.content


ENDPOINTS = (Endpoint("GET", "/openapi.json", openapi),)


def document(service: str, endpoints: tuple[Endpoint, ...]) -> Document:
    """Return the document of a service's public endpoints."""
    kinds = [
        kind for endpoint in endpoints for kind in (endpoint.body, endpoint.answer, endpoint.query) if _is_shape(kind)
    ]
    schemas = msgspec.json.schema_components([*kinds, Problem], ref_template=_REFERENCE)[1]
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, schemas)
    for query in {endpoint.query.__name__ for endpoint in endpoints if endpoint.query}:
        schemas.pop(query)
    return Document(
        {
            "openapi": "3.1.0",
            "info": {"title": f"shop: {service}", "version": version("shopcli"), "license": {"name": "MIT"}},
            "paths": paths,
            "components": {"schemas": schemas, "securitySchemes": _SCHEMES},
        }
    )


def _operation(endpoint: Endpoint, schemas: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": endpoint.name,
        "summary": endpoint.summary,
        "security": _SECURITY[endpoint.needs],
        "parameters": [*_in_path(endpoint), *_in_query(endpoint, schemas), *([_KEY] if endpoint.keyed else [])],
        "responses": _responses(endpoint),
    }
    if endpoint.body is not None:
        operation["requestBody"] = {"required": True, "content": _json(endpoint.body)}
    return operation


def _in_path(endpoint: Endpoint) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": msgspec.json.schema(kind)}
        for name, kind in endpoint.path_parameters.items()
    ]


def _in_query(endpoint: Endpoint, schemas: dict[str, Any]) -> list[dict[str, Any]]:
    if endpoint.query is None:
        return []
    shape = schemas[endpoint.query.__name__]
    required = shape.get("required", ())
    return [
        {"name": name, "in": "query", "required": name in required, "schema": schema}
        for name, schema in shape["properties"].items()
    ]


def _responses(endpoint: Endpoint) -> dict[str, Any]:
    if endpoint.answer is type(None):
        responses: dict[str, Any] = {"204": {"description": "Done."}}
    else:
        responses = {str(endpoint.status): {"description": "The answer.", "content": _json(endpoint.answer)}}
    if endpoint.method == "GET" and endpoint.needs is Needs.ANYBODY:
        responses["304"] = {"description": "If-None-Match names what it still is."}
    for status in sorted({status_of(error) for error in (*_always(endpoint), *endpoint.raises)}):
        responses[str(status)] = {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": _REFERENCE.format(name="Problem")}}},
        }
    return responses


def _always(endpoint: Endpoint) -> list[ShopError | type[ShopError]]:
    """Return the errors that come with what an endpoint takes and needs."""
    found: list[ShopError | type[ShopError]] = [InvalidValue, Unavailable, OutcomeUnknown, StorageError, Bug]
    found += [LoginRequired]  # whatever is presented must hold
    if endpoint.needs in (Needs.ACCOUNT, Needs.SHOPPER, Needs.VIEWER, Needs.MERCHANT):
        found += [Forbidden]
    if endpoint.body is not None:
        found += [Malformed("", 413), Malformed("", 415)]
    if endpoint.keyed:
        found += [InFlight]
    return found


def _json(kind: Any) -> dict[str, Any]:  # noqa: ANN401  a type
    schema = {"$ref": _REFERENCE.format(name=kind.__name__)} if _is_shape(kind) else {}
    return {"application/json": {"schema": schema}}


def _is_shape(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)
