"""The product with one of its duties taken away, to see what that duty costs; never the figure, never shipped."""

# Django must be set up before a variant imports a room.
import config.asgi  # noqa: F401
