"""The gateway: one address for five services. It routes by path, passes bytes on and decides nothing.

`python -m stub_services.gateway` serves in Python, `python -m stub_services.gateway nginx` renders and runs nginx
from the same table of routes.
"""
