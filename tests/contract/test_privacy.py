from backends.conformance.test_privacy import *
