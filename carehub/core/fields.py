"""Text and number shapes that requests and events share; each refuses what cannot be meant."""

from typing import Annotated

from msgspec import Meta

ShortText = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"\S")]
"""A name or title: 1 to 200 characters, not only spaces."""

LongText = Annotated[str, Meta(min_length=1, max_length=8_000, pattern=r"\S")]
"""What a person writes: 1 to 8,000 characters, not only spaces."""

OptionalText = Annotated[str, Meta(max_length=8_000)]
"""As LongText, or empty."""

Code = Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^\S+$")]
"""A code of a code system: 1 to 100 characters without spaces."""

Limit = Annotated[int, Meta(ge=1, le=200)]
"""How many rows a page may hold."""
