"""Django's backend for PostgreSQL, but for one thing; see base.py."""
