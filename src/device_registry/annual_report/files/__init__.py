"""Files made of a snapshot and of nothing else: no clock, no locale, no chance."""
