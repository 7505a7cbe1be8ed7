"""The web app's server: one port, one or several processes behind it."""
