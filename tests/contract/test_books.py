from backends.conformance.test_books import *
