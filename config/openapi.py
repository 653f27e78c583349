"""OpenAPI 3.1 of /api/v1: drf-spectacular walks the routes, the structs bring their own schemas."""

from importlib import import_module
from inspect import getdoc
from typing import Any

import msgspec
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny
from rest_framework.renderers import TemplateHTMLRenderer

from carehub.core.rest import STRUCTS
from carehub.events.schemas import REFERENCE, components

SECURITY: list[dict[str, list[str]]] = [{"bearer": []}, {"cookie": []}]
SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "`POST /api/v1/tokens` gives a token for 12 hours."},
    "cookie": {
        "type": "apiKey",
        "in": "cookie",
        "name": "__Host-carehub_session",
        "description": "A browser's session (`carehub_session` where there is no HTTPS, as in the demo). "
        "Every write also needs the CSRF token as `X-CSRFToken`.",
    },
}
HEADERS = {
    "Idempotency-Key": "A new UUID for each new change; a repetition with the same key and body changes nothing "
    "more and shows what the first made, for 24 hours.",
    "If-Match": 'The ETag of the revision that you read, for example `"3"`; `"0"` while there is no plan.',
}
_TAGGED = (REFERENCE + "PlanOut", REFERENCE + "RulesOut")
"""What is answered with an ETag."""


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Tells the generator of our token authentication; `finish` writes its security."""

    target_class = "config.authentication.BearerToken"
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return SCHEMES["bearer"]


class Problem(msgspec.Struct):
    """RFC 9457 problem details; `errors` points at what is wrong."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: list[dict[str, str]] = []


class Schema(SpectacularAPIView):
    """The document itself, JSON."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    renderer_classes = [OpenApiJsonRenderer]
    capability = "anybody"


class Docs(SpectacularSwaggerSplitView):
    """The document as pages, from vendored assets."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    renderer_classes = [TemplateHTMLRenderer]
    template_name = "core/api_docs.html"
    http_method_names = ["get", "head"]
    url_name = "schema"
    capability = "anybody"


def finish(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Write the structs, the security and the problem into the document, and take out what only repeats."""
    result["components"] = {
        "schemas": components([*STRUCTS, Problem]),
        "responses": {"Refused": _refused("Refused; the problem says why and nothing was changed.")},
        "securitySchemes": SCHEMES,
    }
    rooms = set()
    for operations in result["paths"].values():
        for operation in operations.values():
            rooms.update(operation["tags"])
            _finish_operation(operation)
    result["tags"] = [{"name": room, "description": _purpose(room)} for room in sorted(rooms)]
    return result


def _finish_operation(operation: dict[str, Any]) -> None:
    operation["security"] = SECURITY if {} not in operation["security"] else []
    if "requestBody" in operation:
        operation["requestBody"]["required"] = True
    for parameter in operation.get("parameters", []):
        _finish_parameter(parameter)
    responses = operation["responses"]
    for status, response in responses.items():
        response["description"] = "Done." if status == "204" else "Here it is." if status == "200" else "Made."
        if _schema_of(response).get("$ref") in _TAGGED:
            response["headers"] = {"ETag": {"schema": {"type": "string"}, "description": 'The revision, as `"3"`.'}}
    if any(parameter["name"] == "If-Match" for parameter in operation.get("parameters", [])):
        responses["412"] = _refused("It was changed since it was read; the problem carries the current ETag.")
        responses["428"] = _refused("If-Match is missing.")
    responses["default"] = {"$ref": "#/components/responses/Refused"}


def _finish_parameter(parameter: dict[str, Any]) -> None:
    """A parameter of a query is absent, never null."""
    parameter.update({"description": HEADERS[parameter["name"]]} if parameter["in"] == "header" else {})
    shapes = [shape for shape in parameter["schema"].get("anyOf", []) if shape != {"type": "null"}]
    if len(shapes) == 1:
        parameter["schema"] = shapes[0]


def _refused(description: str) -> dict[str, Any]:
    return {
        "description": description,
        "content": {"application/problem+json": {"schema": {"$ref": REFERENCE + "Problem"}}},
    }


def _schema_of(response: dict[str, Any]) -> dict[str, Any]:
    schema: dict[str, Any] = response.get("content", {}).get("application/json", {}).get("schema", {})
    return schema


def _purpose(room: str) -> str:
    return (getdoc(import_module(f"carehub.{room}")) or "").partition("\n")[0]
