"""The journal, the manifest, the lock, and where they are kept."""
