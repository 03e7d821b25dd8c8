from backends.conformance.test_hostile_text import *
