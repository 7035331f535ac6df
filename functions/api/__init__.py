"""The HTTP API: FastAPI, served through Mangum."""
