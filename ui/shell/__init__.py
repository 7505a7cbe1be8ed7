"""What every page has: heading, state, errors, style, footer; and the server."""
