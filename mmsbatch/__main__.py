"""`python -m mmsbatch`."""

from mmsbatch.cli.main import run

if __name__ == "__main__":
    run()
