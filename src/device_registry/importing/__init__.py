"""Devices and certificates from spreadsheets: a report on every row, and never half a file."""
