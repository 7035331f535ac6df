"""Measures the figures that the design promises, side by side: `python -m bench`. See docs/performance.md."""
