"""A report on its way: what is chosen of it, the report itself as it will be, and its files."""
