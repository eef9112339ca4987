"""A register of made-up devices, for trials of size: marked synthetic in every row, and never real."""
