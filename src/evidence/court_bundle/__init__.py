"""The court bundle: evidence with all that proves it, for a stranger who verifies it without us."""
