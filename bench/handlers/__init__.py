"""Lambda handlers that the functions' cold starts are compared with."""
