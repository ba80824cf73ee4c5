#!/bin/sh
# Judging a thousand models.
exec "${BUILD:-build}/bench/judge"
