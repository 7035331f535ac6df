"""The pages: web files, and what is served with them."""
