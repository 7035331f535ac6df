"""`make deploy-check`: the real template and packages, given to a CloudFormation that nobody here wrote.

MiniStack creates the stack, is given each edit of a stage as an update and its way back, and deletes it. What it does
not know is in left_out.py, and is compared with what it refuses.
"""
