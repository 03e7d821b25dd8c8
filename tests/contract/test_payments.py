from backends.conformance.test_payments import *
