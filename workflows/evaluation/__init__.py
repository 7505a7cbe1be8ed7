"""Is it worth it: representations compared, retrieval tested, recipes studied."""
