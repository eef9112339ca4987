"""What the annual report reads and writes, one statement a function."""
