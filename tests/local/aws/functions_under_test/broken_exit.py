"""Ends the process while it is being imported."""

import sys

sys.exit(3)
