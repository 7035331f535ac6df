"""Tokens and the keys they are signed with."""
