from backends.conformance.test_expiry import *
