"""Somebody watches a record, a person, a unit or a search, and is told once of each new thing that happens to it."""
