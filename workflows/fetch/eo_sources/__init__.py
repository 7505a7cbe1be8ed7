"""Where the embedding of a fetched city comes from; each file registers one source."""
