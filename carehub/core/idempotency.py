"""One key, one effect: the store behind the Idempotency-Key header.

The row is inserted first in the caller's transaction, so a second request with the same key waits for the first to
commit and then replays it, and a crash leaves neither the row nor the effect. Rows are found for 24 hours.
"""

import hashlib
import json
from uuid import UUID

from django.db import connection

from .errors import BadRequest, IdempotencyKeyReused

Made = dict[str, str | int]


def fingerprint(*parts: bytes | str) -> bytes:
    """32 bytes that two requests share only when method, path and body are the same."""
    digest = hashlib.sha256()
    for part in parts:
        raw = part.encode() if isinstance(part, str) else part
        digest.update(len(raw).to_bytes(8, "big") + raw)
    return digest.digest()


def claim(*, person_id: UUID, key: str, fingerprint: bytes) -> Made | None:
    """Take the key inside the open transaction.

    Returns None when the effect is still to be made, or the ids that an earlier request with this key made.

    Raises BadRequest for a key that is not 1 to 100 printable ASCII characters, and IdempotencyKeyReused when
    the key belongs to a request with another method, path or body.
    """
    if not 1 <= len(key) <= 100 or not key.isascii() or not key.isprintable():
        raise BadRequest("Idempotency-Key must be 1 to 100 printable ASCII characters, for example a UUID.")
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO core_idempotencykey AS k (person_id, key, fingerprint, created_at)
            VALUES (%s, %s, %s, carehub_now())
            ON CONFLICT (person_id, key) DO UPDATE
               SET fingerprint = excluded.fingerprint, made = NULL, created_at = excluded.created_at
             WHERE k.created_at < excluded.created_at - interval '24 hours'
            RETURNING 1
            """,
            [person_id, key, fingerprint],
        )
        if cursor.fetchone():
            return None
        cursor.execute(
            "SELECT fingerprint, made FROM core_idempotencykey WHERE person_id = %s AND key = %s",
            [person_id, key],
        )
        stored, made = cursor.fetchone()
    if bytes(stored) != fingerprint:
        raise IdempotencyKeyReused(
            "This Idempotency-Key was used for a different request within 24 hours. Send a new key."
        )
    replay: Made = made if isinstance(made, dict) else json.loads(made)
    return replay


def remember(*, person_id: UUID, key: str, made: Made) -> None:
    """Store the ids of what was made, in the same transaction as the effect."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE core_idempotencykey SET made = %s WHERE person_id = %s AND key = %s",
            [json.dumps(made), person_id, key],
        )


def forget_outdated() -> None:
    """Delete keys that are no longer replayed."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM core_idempotencykey WHERE created_at < carehub_now() - interval '24 hours'")
