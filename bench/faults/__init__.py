"""Faults on purpose: at each single call of one evidence's life, and at random for minutes under load."""
