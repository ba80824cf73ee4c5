"""Groups a file of Loggly metric events by job and metric with DuckDB on one thread; prints seconds and groups."""
import sys
import time

import duckdb

connection = duckdb.connect()
connection.execute("SET threads TO 1")
started = time.perf_counter()
rows = connection.execute(
    "SELECT trainingJobName, metricName, count(*), min(minimum), max(maximum), avg(average), stddev(average) "
    "FROM read_json(?, format='newline_delimited') GROUP BY ALL",
    [sys.argv[1]],
).fetchall()
print(f"{time.perf_counter() - started:.3f} {len(rows)}")
