"""A Ray cluster of three nodes on this machine, and the batches that are run on it, one by one.

    python tests/support/ray_cluster.py jobs.json results.json

A program of its own: Ray stays in a process for good, and takes what it finds in its environment.
A job is a dict: `name`, `forms`, `out`, and where wanted `options` and `group_by`, `labels_only`,
`classify` (the library call on a dataset, written to `out` as JSON Lines), or `kill_after`: so many
parts are there when the last node is killed.
"""

import json
import os
import sys
import threading
import time
from pathlib import Path

os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"  # all on loopback
os.environ["RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"] = "0"
MEMORY = 150_000_000  # bytes of each node's object store


def start(nodes: int):
    """Return a cluster of nodes with one CPU each, connected to."""
    import ray
    from ray.cluster_utils import Cluster

    common = {"num_cpus": 1, "object_store_memory": MEMORY, "include_dashboard": False}
    system = {"worker_niceness": 0, "health_check_period_ms": 1000, "health_check_timeout_ms": 3000}
    cluster = Cluster(
        initialize_head=True,
        head_node_args={**common, "_system_config": system, "node_ip_address": "127.0.0.1"},
    )
    others = [cluster.add_node(**common, node_ip_address="127.0.0.1") for _ in range(nodes - 1)]
    ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    return cluster, others


def killer(cluster, node, out: Path, parts: int, killed: threading.Event):
    """Kill a node as soon as so many parts of OUT are there."""
    while len(list(out.glob("part-*"))) < parts:
        time.sleep(0.05)
    cluster.remove_node(node, allow_graceful=False)
    killed.set()


def run(job):
    """Return how a job ended."""
    from triage_agent.batch import BatchRequest, Columns, run_on_ray
    from triage_agent.batch.ray import classify
    from triage_agent.errors import TriageError
    from triage_agent.settings import Options

    began, said = time.monotonic(), []
    options = Options(**job.get("options", {}))
    columns = Columns(group_by=job.get("group_by"))
    only = job.get("labels_only", False)
    try:
        if job.get("classify"):
            import ray

            dataset = ray.data.read_parquet(job["forms"])
            answered = classify(
                dataset, options, columns=columns, labels_only=only, report=said.append
            )
            answered.to_pandas().to_json(job["out"], orient="records", lines=True)
            errors = 0
        else:
            request = BatchRequest(
                Path(job["forms"]),
                Path(job["out"]),
                columns=columns,
                labels_only=only,
                options=options,
            )
            errors = run_on_ray(request, "local", said.append).errors
    except TriageError as error:
        return {"error": error.type, "message": error.message, "code": error.exit_code}
    return {"errors": errors, "said": said, "seconds": time.monotonic() - began}


def main(jobs: str, results: str) -> None:
    """Run the jobs, and write how each ended."""
    wanted = json.loads(Path(jobs).read_text())
    cluster, nodes = start(3)
    ended = {}
    try:
        for job in wanted:
            killed = threading.Event()
            if parts := job.get("kill_after"):
                arguments = (cluster, nodes.pop(), Path(job["out"]), parts, killed)
                threading.Thread(target=killer, args=arguments, daemon=True).start()
            ended[job["name"]] = run(job) | {"killed": killed.is_set()}
            Path(results).write_text(json.dumps(ended))
    finally:
        import ray

        ray.shutdown()
        cluster.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
