"""Plug-ins to plant: a distribution is a folder of metadata beside its modules, and no installer is needed."""

from pathlib import Path

CORNER = '''
from backends import Capability, ServiceHealth


class Corner:
    """A shop with nothing in it."""

    suspends = False
    capabilities = frozenset({Capability.GUEST_CART})
    users = products = carts = orders = payments = admin = None

    def __init__(self, url):
        self.name = url

    def account_id(self):
        return None

    async def health(self):
        return (ServiceHealth("products", "up"),)

    async def aclose(self):
        pass


def open_corner(url, *, sessions, clock, ids):
    return Corner(url)
'''


def plant(site: Path, name: str, entry_points: str, *, version: str = "1.2", summary: str = "", **modules: str) -> Path:
    """Install a distribution into `site`, and return the folder of its metadata."""
    for module, source in modules.items():
        (site / f"{module}.py").write_text(source, "utf-8")
    folder = site / f"{name.replace('-', '_')}-{version}.dist-info"
    folder.mkdir()
    about = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n" + (f"Summary: {summary}\n" if summary else "")
    (folder / "METADATA").write_text(about, "utf-8")
    (folder / "entry_points.txt").write_text(f"[shop.backends]\n{entry_points}\n", "utf-8")
    return folder
