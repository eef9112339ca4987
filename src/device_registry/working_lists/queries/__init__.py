"""What working lists read, and what plans write."""

from device_registry.working_lists.queries.lists import Within, counted, listed
from device_registry.working_lists.queries.plans import add_steps, plan_of, where_they_stand

__all__ = ["Within", "add_steps", "counted", "listed", "plan_of", "where_they_stand"]
