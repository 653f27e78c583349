"""How API callers prove who they are."""

import binascii

from knox.auth import TokenAuthentication
from knox.crypto import hash_token
from knox.models import AuthToken
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from carehub.core.clock import DatabaseNow
from carehub.directory.models import Person


class BearerToken(TokenAuthentication):  # type: ignore[misc]
    """`Authorization: Bearer <token>`; tokens are stored hashed and outdated by the database's clock.

    What is not text is no token.
    """

    def authenticate(self, request: Request) -> tuple[Person, AuthToken] | None:
        try:
            found: tuple[Person, AuthToken] | None = super().authenticate(request)
        except UnicodeError:
            raise AuthenticationFailed from None
        return found

    def authenticate_credentials(self, token: bytes) -> tuple[Person, AuthToken]:
        """One statement; knox would go by this server's clock and look at each token of the person."""
        try:
            digest = hash_token(token.decode())
        except (TypeError, binascii.Error):
            raise AuthenticationFailed from None
        row = AuthToken.objects.filter(digest=digest, expiry__gt=DatabaseNow()).select_related("user").first()
        if row is None:
            raise AuthenticationFailed
        found: tuple[Person, AuthToken] = self.validate_user(row)
        return found
