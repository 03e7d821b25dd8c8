from backends.conformance.test_users import *
