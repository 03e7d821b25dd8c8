from backends.conformance.test_orders import *
