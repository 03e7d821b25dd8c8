"""`python -m stub_services.wire NAME`: one service as a process."""

import sys

from stub_services.process import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
