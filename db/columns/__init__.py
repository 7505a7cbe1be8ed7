"""How arrays and names are kept in columns, and moved in bulk."""
