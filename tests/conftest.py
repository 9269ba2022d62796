"""What users of the simulator say in their own ``conftest.py``."""

pytest_plugins = ["turngate.simulator.pytest_plugin"]
