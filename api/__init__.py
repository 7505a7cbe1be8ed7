"""The HTTP API: the verbs of commands and pages for programs, and layers for maps elsewhere."""
