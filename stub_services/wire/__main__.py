"""`python -m stub_services.wire NAME`: one service as a process."""

import sys

from stub_services.process import serve

if __name__ == "__main__":
    serve(sys.argv[1])
