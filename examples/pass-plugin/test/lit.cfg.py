# How lit runs the tests of the plugin: %plugin is the library, hone-opt and FileCheck are found.
import os

import lit.formats

config.name = "drop-branches"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir"]
config.test_source_root = os.path.dirname(__file__)
config.substitutions.append(("%plugin", config.plugin))
config.environment["PATH"] = os.pathsep.join([*config.folders, os.environ.get("PATH", "/usr/bin:/bin")])
