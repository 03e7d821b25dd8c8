from backends.conformance.test_backend import *
