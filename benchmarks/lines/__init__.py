"""One module a line of the table, each holding our way, the plain way and the inputs of both."""
