"""Typed views of what AWS hands a function."""
