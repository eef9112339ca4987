"""双随机、一公开: enterprises and officers are drawn by lot, so that anybody can reckon it again."""
