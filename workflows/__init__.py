"""The verbs of the app, called alike by pages, commands and the worker."""
