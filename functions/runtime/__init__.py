"""What every function runs in: entry point, snapshot, settings, log and metrics."""
