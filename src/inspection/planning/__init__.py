"""Before a visit: plans and tasks, who goes, who approved it, and visits of several units made one."""
