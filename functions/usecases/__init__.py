"""What the functions do for the rooms: each use case puts rules and adapters together. No handler is imported here."""
