import io
import json

from django.core.management import call_command


def text() -> str:
    """The OpenAPI document of /api/v1. Fails on any warning of the generator and on an invalid document."""
    written = io.StringIO()
    call_command("spectacular", format="openapi-json", validate=True, fail_on_warn=True, stdout=written)
    return json.dumps(json.loads(written.getvalue()), indent=2, ensure_ascii=False) + "\n"
