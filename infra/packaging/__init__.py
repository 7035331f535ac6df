"""The packages of the functions, built from the lock file."""
