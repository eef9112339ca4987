"""What may be carried out by whom, on which day: the catalogue of enforcement items and what is published with it."""
