from backends.conformance.test_carts import *
