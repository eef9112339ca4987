"""What people are told: to the notice inbox, and once a day by mail. Other subjects say it with `queries.notify`."""
