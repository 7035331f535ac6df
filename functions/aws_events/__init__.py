"""The events that AWS invokes functions with, as types."""
