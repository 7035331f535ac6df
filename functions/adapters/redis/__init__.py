"""The room state in Redis: one Lua script for each change."""
