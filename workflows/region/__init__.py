"""A region or country: pieces computed one by one, by one process or many, into a folder."""
