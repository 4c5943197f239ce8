"""Records on a branch of a git remote, which runners on many machines write."""
