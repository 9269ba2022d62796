"""The programs that measure are no package; they come last on the path, behind all helpers of tests."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent.parent / "bench"))
