"""Cannot be imported."""

import importlib

importlib.import_module("a_module_that_does_not_exist")
