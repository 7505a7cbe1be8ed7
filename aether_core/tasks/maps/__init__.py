"""Maps that say how sure they are: of classes, and of shares."""
