"""The domain: rules, events, frames and ticks of a room. Standard library only, no I/O."""
