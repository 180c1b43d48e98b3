"""`python -m voltroam` is the command line."""

from voltroam.cli import main

main()
