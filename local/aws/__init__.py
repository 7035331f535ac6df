"""One AWS part per file."""
