from backends.conformance.test_products import *
