"""`/desk/inspection-plans` and what is decided before a visit: tasks, who goes, approval, joint visits."""

from console.planning import plans, preparation, tasks

ROUTES = [*plans.ROUTES, *tasks.ROUTES, *preparation.ROUTES]
