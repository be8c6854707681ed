#!/bin/sh
# Shards as an array of Slurm: sbatch slurm.sh, then autograder merge grades/
#SBATCH --job-name=grade
#SBATCH --array=1-50
#SBATCH --cpus-per-task=4
#SBATCH --mem=4G
#SBATCH --time=02:00:00
#SBATCH --requeue
exec autograder grade class.tar --out grades --shard auto/50 --jobs "$SLURM_CPUS_PER_TASK"
