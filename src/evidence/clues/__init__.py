"""监督线索: what somebody tells supervision, from a named channel, with terms, until it is replied to and closed."""
