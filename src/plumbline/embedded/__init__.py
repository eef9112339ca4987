"""PostgreSQL and an S3 server of our own, for a machine that has neither; production code on small servers."""
