"""The store: PostGIS by SQLAlchemy, its private cluster, migrations and queries by subject.

Queries take an SQLAlchemy `Session` first and never commit: `engine.session_scope` does.
"""
