"""One file for each part of the account. A check asks, changes nothing, and returns its findings."""
