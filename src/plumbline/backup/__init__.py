"""Backup and restore: rows, objects and log of one instant, in a folder of plain files (docs/operations.md)."""
