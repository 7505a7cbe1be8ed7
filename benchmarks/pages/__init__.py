"""What a visitor of the pages waits for, and the pictures of them in `docs/`."""
