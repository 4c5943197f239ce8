"""`python -m mmsbatch`."""

from mmsbatch.cli.entry import main

if __name__ == "__main__":
    main()
