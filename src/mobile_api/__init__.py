"""The phone's contract, versioned apart from the desk: everything under `/mobile/v1`."""
