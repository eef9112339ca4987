"""The papers of an inspection, its on-site record and its notices: PDF/A made of exactly what was read and signed."""
