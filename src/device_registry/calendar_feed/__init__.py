"""Days that matter, for the calendar program of whoever manages devices: due dates, plans, deadlines."""
