"""`python -m plumbline`, where the console script is not on the path."""

from plumbline.command_line import main

main()
