"""Command-line tools, for the rooms on this machine and for deployed ones."""
