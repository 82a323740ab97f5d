"""What every test run says of itself first: a result without its interpreter and its Node says little."""

import os
import platform
import shutil


def pytest_report_header() -> list[str]:
    node = shutil.which("node")
    required = os.environ.get("AGUI_TEST_REQUIRE_NODE") == "1"
    missing = "its absence fails the tests of marker clients" if required else "tests of marker clients are not run"
    return [
        f"python: {platform.python_implementation()} {platform.python_version()}",
        f"node: {node or f'not found; {missing}'} (AGUI_TEST_REQUIRE_NODE={'1' if required else 'unset'})",
    ]
