"""The machine that the runs are seen on."""

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.servers import Servers
from stack import jars


def describe(servers: Servers) -> dict[str, Any]:
    """Return what of the machine and the software matters to a figure."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(memory / 2**30),
        "processor": _processor(),
        "system": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "Spark": version("pyspark"),
        "Kafka": jars.ROOTS["kafka"][0].rpartition(":")[2],
        "PostgreSQL": servers.one("SHOW server_version"),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
