"""Campaign, record and account become a plan; it is data and cannot send."""
