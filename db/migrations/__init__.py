"""Alembic's environment and the store's revisions."""
