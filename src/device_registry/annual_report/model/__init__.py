"""The nouns of the annual report."""
