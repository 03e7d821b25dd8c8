from backends.conformance.test_cancelling import *
