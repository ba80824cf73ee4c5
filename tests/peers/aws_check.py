"""Compares what leeway read from moto with what was put there. usage: aws_check.py PUT.json FETCHED.ndjson"""
import json
import sys

put, seen, tags, ended = json.load(open(sys.argv[1])), {}, {}, {}
for line in open(sys.argv[2]):
    record = json.loads(line)
    body = record["body"]
    if record["lw_fetched"] == "get-metric-statistics":
        assert record["origin"] == "123456789012/us-east-1", record["origin"]
        run = record["run"].removesuffix("/algo-1")
        assert (run == record["run"]) == (record["metric"] != "CPUUtilization"), record["run"]
        seen.setdefault((run, record["metric"]), []).extend(body["Datapoints"])
    elif "Tags" in body:
        tags[body["TrainingJobName"]] = body["Tags"]
    else:
        ended[body["TrainingJobName"]] = body["TrainingJobStatus"]
assert set(ended) == set(put), (len(ended), len(put))
assert all(status == "Completed" for status in ended.values()), ended
for job, metrics in put.items():
    assert tags[job] == [{"Key": "leeway:model", "Value": "peer"}], tags[job]
    for metric, values in metrics.items():
        points = seen[job, metric]
        assert sum(p["SampleCount"] for p in points) == len(values), (job, metric, points)
        assert abs(sum(p["Sum"] for p in points) - sum(values)) < 1e-9
        assert min(p["Minimum"] for p in points) == min(values)
        assert max(p["Maximum"] for p in points) == max(values)
assert not any(metric == "MemoryUtilization" for job, metric in seen), "one sign of life is enough"
print(f"{len(put)} jobs, {sum(len(m) for m in put.values())} metrics: all values as they were put")
