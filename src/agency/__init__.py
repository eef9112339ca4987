"""Who may act, for whom, on what: units, people, credentials, roles, phones, sign-in. Nothing about devices."""
