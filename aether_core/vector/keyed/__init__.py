"""Tables without shapes of their own, whose rows say by a code or an H3 cell where they lie."""
