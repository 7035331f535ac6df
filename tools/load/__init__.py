"""`python -m tools load`: many simulated viewers in rooms behind any address, and figures of what reached them."""
