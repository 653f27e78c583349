"""What HTTP doors share: typed bodies, one effect per key, If-Match, JSON out.

Requests and answers are msgspec structs: unknown fields and wrong types are refused by the type itself, and the
OpenAPI document, the socket's frames and the events are written in one vocabulary. A door's method carries
`@reads` or `@writes`; both name the capability that the action below checks, and `tests/guards` fails on a route
that names none.
"""

import functools
import re
import types
import typing
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from django.core.exceptions import RequestDataTooBig
from django.db import transaction
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from . import idempotency
from .errors import BadRequest, InvalidInput, PreconditionMissing, TooLarge
from .failpoints import fail_point

if TYPE_CHECKING:
    from carehub.directory.models import Person

    class Call(Request):
        """A request whose caller has proved who he is."""

        user: Person

else:
    Call = Request

STRUCTS: set[type[msgspec.Struct]] = set()
"""Every struct that a door takes or gives; config/openapi.py writes them into the OpenAPI document."""

_YEARS = range(2000, 2200)
"""Beyond them neither Python nor PostgreSQL can be relied on to add a day or an offset."""

Body = TypeVar("Body", bound=msgspec.Struct)
Method = Callable[..., Any]


class Struct(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Base of what doors take and give."""


class Nothing(Struct):
    """The body of a request that takes none: absent, or an empty object."""


class JSONRenderer(BaseRenderer):
    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        return b"" if data is None else msgspec.json.encode(data)


class JSONBytesParser(BaseParser):
    """Names the one media type we take; bodies are decoded by `decode`, straight into their struct."""

    media_type = "application/json"

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Leave the body unread: the check of a cookie's CSRF token asks for form fields and finds none."""
        return {}


class Endpoint(APIView):
    """Base of every route: authenticated by default, problem+json on every refusal."""

    renderer_classes = (JSONRenderer,)
    parser_classes = (JSONBytesParser,)


def _problem_pointer(path: str) -> str:
    """`$.goals[0].title` as the JSON pointer `/goals/0/title`."""
    return "".join(f"/{step}" for step in re.findall(r"[^.\[\]$]+", path))


def _type_at(root: Any, path: str) -> Any:
    """The type that stands at a msgspec error path, or None where it cannot be told."""
    current = root
    for step in ["", *re.findall(r"[^.\[\]$]+", path)]:
        if step.isdigit() or step == "...":
            current = next(iter(typing.get_args(current)), None)
        elif step:
            current = typing.get_type_hints(current).get(step)
        if isinstance(current, types.UnionType) or typing.get_origin(current) is typing.Union:
            current = next(arg for arg in typing.get_args(current) if arg is not types.NoneType)
    return current


def _refusal(error: msgspec.ValidationError, expected: type[msgspec.Struct]) -> InvalidInput:
    sentence, _, path = str(error).partition(" - at `")
    path = path.rstrip("`")
    pointer = _problem_pointer(path)
    unknown = re.search(r"unknown field `(.*)`", sentence)
    if unknown:
        at = _type_at(expected, path)
        allowed = getattr(at, "__struct_encode_fields__", ())
        sentence = f"Unknown field `{unknown[1]}`. Allowed here: {', '.join(allowed) or 'none'}"
        pointer += f"/{unknown[1]}"
    return InvalidInput(f"{sentence}.", pointer=pointer)


def decode_json(raw: bytes, expected: type[Body]) -> Body:
    """The struct that these bytes say.

    Raises BadRequest for what is not JSON and InvalidInput, with a pointer, for what does not fit the type.
    """
    if b"\\u0000" in raw or b"\x00" in raw:
        raise InvalidInput("The character U+0000 is not allowed in text.", pointer="")
    try:
        return msgspec.json.decode(raw, type=expected)
    except msgspec.ValidationError as error:
        raise _refusal(error, expected) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"The body is not well-formed JSON: {error}.") from None


def decode(request: Request, expected: type[Body]) -> Body:
    """The request's body as its struct; see `decode_json`. 415 for another media type, 413 above 1 MiB."""
    if (request.content_type or "").split(";")[0].strip().lower() != "application/json":
        raise UnsupportedMediaType(request.content_type or "none", "Send application/json.")
    try:
        raw = request._request.body
    except RequestDataTooBig:
        raise TooLarge("The body is larger than 1 MiB.") from None
    return decode_json(raw, expected)


def query(request: Request, expected: type[Body]) -> Body:
    """The query string as its struct. Raises InvalidInput for unknown or malformed parameters."""
    given = {name: values[-1] for name, values in request._request.GET.lists()}
    if any("\x00" in value for value in given.values()):
        raise InvalidInput("The character U+0000 is not allowed in a parameter.")
    try:
        params = msgspec.convert(given, type=expected, strict=False)
    except msgspec.ValidationError as error:
        refusal = _refusal(error, expected)
        raise InvalidInput(refusal.detail.replace("field", "parameter"), pointer=refusal.pointer) from None
    for field in msgspec.structs.fields(expected):
        moment = getattr(params, field.name)
        if isinstance(moment, datetime) and moment.year not in _YEARS:
            name = field.encode_name
            raise InvalidInput(f"`{name}` must be a time in the years that we live in.", pointer=f"/{name}")
    return params


def if_match(request: Request) -> int:
    """The revision number in If-Match. Raises PreconditionMissing (428) without one, BadRequest for another form."""
    header = request.headers.get("If-Match")
    if header is None:
        raise PreconditionMissing(
            'Send If-Match with the ETag of the revision that you read, for example If-Match: "3".'
        )
    found = re.fullmatch(r'"(\d{1,9})"', header.strip())
    if not found:
        raise BadRequest('If-Match takes exactly one ETag as it was given, for example "3".')
    return int(found[1])


def _reference(struct: type[msgspec.Struct]) -> dict[str, Any]:
    STRUCTS.add(struct)
    return {"$ref": f"#/components/schemas/{struct.__name__}"}


def _parameters(struct: type[msgspec.Struct] | None) -> list[OpenApiParameter]:
    if struct is None:
        return []
    _, components = msgspec.json.schema_components([struct])
    schema = components[struct.__name__]
    return [
        OpenApiParameter(name, {k: v for k, v in shape.items() if k != "default"}, OpenApiParameter.QUERY)
        for name, shape in schema["properties"].items()
    ]


def _answer(result: Any, status: int) -> Any:
    if isinstance(result, Response):
        return result
    return Response(result, status=status)


def reads(
    summary: str, *, gives: type[msgspec.Struct], capability: str, takes: type[msgspec.Struct] | None = None
) -> Callable[[Method], Method]:
    """A GET: `takes` is the struct of its query string, passed on as `params`."""

    def wrap(method: Method) -> Method:
        @extend_schema(summary=summary, parameters=_parameters(takes), responses={200: _reference(gives)})
        @functools.wraps(method)
        def handler(self: Endpoint, request: Call, **path: Any) -> Any:
            if takes is not None:
                path["params"] = query(request, takes)
            elif request._request.GET:
                raise InvalidInput("This address takes no parameters.")
            return _answer(method(self, request, **path), 200)

        return _labelled(handler, capability)

    return wrap


def posts(
    summary: str,
    *,
    gives: type[msgspec.Struct] | None,
    capability: str,
    takes: type[msgspec.Struct] | None = None,
    status: int = 200,
) -> Callable[[Method], Method]:
    """A write that is not a change to care (log-in, tickets, receipts): no Idempotency-Key."""

    def wrap(method: Method) -> Method:
        @extend_schema(
            summary=summary,
            request={"application/json": _reference(takes)} if takes else None,
            responses={status: _reference(gives) if gives else None},
        )
        @functools.wraps(method)
        def handler(self: Endpoint, request: Call, **path: Any) -> Any:
            if takes is not None:
                path["body"] = decode(request, takes)
            elif request._request.body:
                decode_json(request._request.body, Nothing)
            return _answer(method(self, request, **path), status)

        return _labelled(handler, capability)

    return wrap


def writes(
    summary: str,
    *,
    takes: type[msgspec.Struct],
    gives: type[msgspec.Struct],
    capability: str,
    status: int = 201,
    conditional: bool = False,
) -> Callable[[Method], Method]:
    """A change to care: the method calls one action and returns the ids of what it made.

    The Idempotency-Key's row, the action and its event are one transaction. The answer is rendered afresh by the
    view's `show` after commit, for the first request and for every replay alike, so that a replay is authorized
    anew and no body is stored.
    """
    headers = [
        OpenApiParameter(
            "Idempotency-Key", {"type": "string", "minLength": 1, "maxLength": 100}, "header", required=True
        )
    ]
    if conditional:
        headers.append(OpenApiParameter("If-Match", str, "header", required=True))

    def wrap(method: Method) -> Method:
        @extend_schema(
            summary=summary,
            parameters=headers,
            request={"application/json": _reference(takes)},
            responses={status: _reference(gives)},
        )
        @functools.wraps(method)
        def handler(self: Endpoint, request: Call, **path: Any) -> Any:
            body = decode(request, takes)
            key = request.headers.get("Idempotency-Key")
            if key is None:
                raise BadRequest("Send an Idempotency-Key header, a new UUID for each new change.")
            mark = idempotency.fingerprint(request.method or "", request.path, request._request.body)
            with transaction.atomic():
                made = idempotency.claim(person_id=request.user.pk, key=key, fingerprint=mark)
                if made is None:
                    made = method(self, request, body=body, **path)
                    idempotency.remember(person_id=request.user.pk, key=key, made=made)
                    fail_point("before_commit")
            return _answer(self.show(request, made=made, **path), status)  # type: ignore[attr-defined]

        return _labelled(handler, capability)

    return wrap


def _labelled(handler: Method, capability: str) -> Method:
    handler.capability = capability  # type: ignore[attr-defined]
    return handler
