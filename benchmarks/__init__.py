"""What mmsbatch costs, beside what a user would otherwise take: `make bench`. See docs/performance.md."""
