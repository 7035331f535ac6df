"""Metrics on a dashboard, and alarms."""
