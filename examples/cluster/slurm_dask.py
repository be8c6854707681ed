"""Workers of dask in jobs of Slurm, and a class graded by them.

pip install 'backprop-autograder[cluster]' dask-jobqueue
python slurm_dask.py submissions/ --out grades/

This file and dask.yaml lie where the jobs see them.
"""

import shlex
import subprocess
import sys
from pathlib import Path

from dask_jobqueue import SLURMCluster

CONFIG = Path(__file__).resolve().with_name("dask.yaml")

# A job has four workers of a thread each: a worker's thread waits while its process grades.
with SLURMCluster(
    cores=4,
    processes=4,
    memory="8GB",
    walltime="02:00:00",
    job_script_prologue=[f"export DASK_CONFIG={shlex.quote(str(CONFIG))}"],
) as cluster:
    cluster.scale(jobs=25)
    sys.exit(
        subprocess.call(
            ["autograder", "grade", *sys.argv[1:], "--scheduler", cluster.scheduler_address]
        )
    )
