"""The emulator: it stands in for each AWS part on a laptop and runs the very same handlers."""
