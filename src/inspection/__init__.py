"""The on-site inspection and its record: what officers do in it, what is missing, when it may close."""
