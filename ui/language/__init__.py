"""The visitor's language, and how it is chosen."""
