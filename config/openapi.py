"""OpenAPI 3.1 of /api/v1: drf-spectacular walks the routes, the structs bring their own schemas."""

from typing import Any

import msgspec
from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny
from rest_framework.renderers import TemplateHTMLRenderer

from carehub.core.rest import STRUCTS


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
    url_name = "schema"
    capability = "anybody"


def add_structs(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Write every struct that a door takes or gives into the components, and the problem into every operation."""
    structs = sorted(STRUCTS, key=lambda struct: struct.__name__)
    schemas = msgspec.json.schema_components([*structs, Problem], ref_template="#/components/schemas/{name}")[1]
    result.setdefault("components", {}).setdefault("schemas", {}).update(schemas)
    refused = {
        "description": "Refused; the problem says why.",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for operations in result["paths"].values():
        for operation in operations.values():
            operation["responses"]["default"] = refused
    return result
