"""What ``turngate probe`` tries, how it reads what comes of it, and how it tells; see ``cli/probe.py``."""
