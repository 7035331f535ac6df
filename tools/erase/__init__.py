"""`python -m tools erase`: removes what is stored of a user."""
