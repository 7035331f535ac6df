"""The emulator: it runs the functions on a laptop, with a stand-in for each part of AWS."""
