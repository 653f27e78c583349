"""Every refusal the rooms can make, each with the HTTP status and the code that doors answer with.

    CareHubError
     |- NotVisible          404  no such thing, or not yours to see: the two are byte-equal
     |- NotAllowed          403  you may see it, your role may not do this
     |- InvalidInput        422  well-formed, but cannot be; carries a JSON pointer
     |   `- IdempotencyKeyReused   the key belongs to another request
     |- BadRequest          400  malformed: JSON, headers, cursors
     |- Stale               412  the thing changed since you read it; carries the current version
     |- PreconditionMissing 428  If-Match is needed
     |- Conflict            409  the state does not allow it
     `- TooLarge            413

Messages are shown to people and carry no clinical text.
"""

from typing import Any


class CareHubError(Exception):
    """Base of all refusals. `detail` is a sentence that names what is wrong and what is allowed."""

    status = 500
    code = "error"
    title = "Something went wrong"

    def __init__(self, detail: str, *, pointer: str | None = None, **extra: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.pointer = pointer
        self.extra = extra
        self.headers: dict[str, str] = {}

    def as_problem(self) -> dict[str, Any]:
        """RFC 9457 members of this refusal."""
        body: dict[str, Any] = {
            "type": f"urn:carehub:problem:{self.code}",
            "title": self.title,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
        }
        if self.pointer is not None:
            body["errors"] = [{"pointer": self.pointer, "detail": self.detail}]
        return body | self.extra


class NotVisible(CareHubError):
    status, code, title = 404, "not-found", "Not found"

    def __init__(self) -> None:
        super().__init__("There is nothing here, or it is not yours to see.")


class NotAllowed(CareHubError):
    status, code, title = 403, "not-allowed", "Not allowed"


class InvalidInput(CareHubError):
    status, code, title = 422, "invalid-input", "Invalid input"


class IdempotencyKeyReused(InvalidInput):
    code, title = "idempotency-key-reused", "Idempotency-Key reused"


class BadRequest(CareHubError):
    status, code, title = 400, "bad-request", "Bad request"


class Stale(CareHubError):
    status, code, title = 412, "stale", "Changed since you read it"


class PreconditionMissing(CareHubError):
    status, code, title = 428, "precondition-missing", "If-Match is needed"


class Conflict(CareHubError):
    status, code, title = 409, "conflict", "Not possible now"


class TooLarge(CareHubError):
    status, code, title = 413, "too-large", "Too large"


class Unavailable(CareHubError):
    status, code, title = 503, "unavailable", "Try again shortly"
