"""Puts training jobs into moto's SageMaker and their metrics into its CloudWatch, by boto3.

moto completes a job at once, with the present time as its start and end: each job's curve ends there.
usage: aws_put.py ENDPOINT JOBS; prints what was put as JSON: {job: {metric: [[epoch second, value], ...]}}
"""
import datetime
import json
import math
import sys

import boto3

endpoint, jobs = sys.argv[1], int(sys.argv[2])
given = dict(endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="AKIDTEST",
             aws_secret_access_key="top/secret+1")
sagemaker, cloudwatch = boto3.client("sagemaker", **given), boto3.client("cloudwatch", **given)
put = {}
for i in range(jobs):
    name = f"peer-xgb-2026-01-01-00-{i:02d}-00-000"
    sagemaker.create_training_job(
        TrainingJobName=name,
        RoleArn="arn:aws:iam::123456789012:role/sagemaker",
        AlgorithmSpecification={"TrainingImage": "123456789012.dkr.ecr.us-east-1.amazonaws.com/x:1",
                                "TrainingInputMode": "File"},
        OutputDataConfig={"S3OutputPath": "s3://bucket/"},
        ResourceConfig={"InstanceType": "ml.p2.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 10},
        StoppingCondition={"MaxRuntimeInSeconds": 3600},
        Tags=[{"Key": "leeway:model", "Value": "peer"}])
    started = sagemaker.describe_training_job(TrainingJobName=name)["TrainingStartTime"]
    minute = started.astimezone(datetime.timezone.utc).replace(second=0, microsecond=0)
    put[name] = {}
    for metric, low in (("train:accuracy", 0.02), ("validation:accuracy", 0.0)):
        values = [round(0.9 + low + 0.001 * (i % 5) - 0.2 * math.exp(-e), 6) for e in range(3)]
        for value in values:
            cloudwatch.put_metric_data(
                Namespace="/aws/sagemaker/TrainingJobs",
                MetricData=[{"MetricName": metric, "Dimensions": [{"Name": "TrainingJobName", "Value": name}],
                             "Timestamp": minute + datetime.timedelta(seconds=5), "Value": value, "Unit": "None"}])
        put[name][metric] = values
    # What every instance publishes, beside the metrics of the algorithm.
    for metric, value in (("CPUUtilization", 187.25), ("MemoryUtilization", 41.5)):
        cloudwatch.put_metric_data(
            Namespace="/aws/sagemaker/TrainingJobs",
            MetricData=[{"MetricName": metric, "Dimensions": [{"Name": "Host", "Value": f"{name}/algo-1"}],
                         "Timestamp": minute + datetime.timedelta(seconds=5), "Value": value, "Unit": "Percent"}])
    put[name]["CPUUtilization"] = [187.25]
json.dump(put, sys.stdout)
