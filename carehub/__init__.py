"""CareHub: a shared care-team record from which nothing goes uncommunicated.

Each package below is a *room*: one part of care. Imports and foreign keys only go down the floors that
docs/architecture.md draws and pyproject.toml enforces.
"""

__version__ = "0.1.0"
