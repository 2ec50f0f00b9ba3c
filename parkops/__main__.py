"""`python -m parkops` is the command line."""

from parkops.cli import main

if __name__ == "__main__":
    main()
