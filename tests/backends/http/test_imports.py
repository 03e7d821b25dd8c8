"""What the adapter costs to import."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
DEAR = "rich typer click msgspec pygments aiohttp starlette argon2 jwt trio h2 stub_services shopcli"


def test_importing_the_adapter_imports_no_command_line_and_no_server() -> None:
    code = f"""import sys
from backends.registry import BACKENDS, open_backend
open_backend("https://shop.example")
print(sorted(set({DEAR.split()!r}) & set(sys.modules)), sys.modules["httpx._main"], "httpx" in sys.modules)"""
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert answer.stdout.split("\n")[0] == "[] None True"


def test_one_module_knows_httpx() -> None:
    knowing = [path.name for path in (ROOT / "backends").rglob("*.py") if "import httpx" in path.read_text("utf-8")]
    assert knowing == ["transport.py"]
