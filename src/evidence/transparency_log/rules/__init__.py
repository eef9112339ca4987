"""Pure rules of the log: what a leaf is, how leaves make a tree, what a checkpoint says."""
