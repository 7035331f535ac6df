"""`python -m tools export`: what is kept of a room, as JSON lines or CSV."""
