"""What inspections decide, without looking anything up."""
