"""What every slice stands on, and nothing about evidence: problems, words, database, clock, civil dates."""
