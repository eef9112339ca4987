"""Fixity: every object is read back whole within a promised time, and what is found is told."""
