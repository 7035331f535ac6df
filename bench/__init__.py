"""What the design promises in figures, measured side by side: `python -m bench`. See docs/performance.md."""
