"""Self-proof: every night a canary tries each guard of the house, and what does not hold is told."""
