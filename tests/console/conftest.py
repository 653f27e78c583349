from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from django.test import Client

    from tests.cast import Cast

Browser = Callable[[str], "Client"]
"""`browser("maya")`: a client in which Maya is logged in."""


@pytest.fixture
def browser(cast: "Cast") -> Browser:
    from django.test import Client

    def log_in(name: str) -> Client:
        client = Client(raise_request_exception=True)
        client.force_login(cast[name], backend="django.contrib.auth.backends.ModelBackend")
        return client

    return log_in
