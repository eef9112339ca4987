"""The desk's pages: server-rendered, for managers, reviewers, publicity, heads, receivers and supervisors."""
