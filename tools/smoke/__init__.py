"""`python -m tools smoke`: two viewers walk every path of the rooms; what fails is told with its likely cause."""
