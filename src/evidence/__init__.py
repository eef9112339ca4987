"""What was captured, may it count, who touched it, can it be proved."""
