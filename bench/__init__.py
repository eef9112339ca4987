"""What is claimed about speed, and how to see it again: `python -m bench`. Reading the figures: README.md."""
