"""The tamper-evident log: every custody entry is a leaf of a Merkle tree (RFC 9162) whose signed head others hold."""
