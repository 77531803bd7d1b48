#!/usr/bin/env bash
# Climbs the load ladder against one S3 endpoint: small objects first, then large ones, then the same bytes again.
#
#   ladder.sh STORE HOST:PORT SERVER-MATCH [ACCESS-KEY SECRET-KEY]
#
# STORE          the store's name in the results
# SERVER-MATCH   part of the command lines of the store's processes: their CPU time is charged to it
#
# S3LOAD     the load generator's binary (default: what bench/compare builds)
# D          maximum seconds of a rung (default: 5)
# FORMAT     table (default) or json, one line a rung
set -euo pipefail

store=$1 endpoint=$2 server=$3
access=${4:-${S3_ACCESS_KEY:?give an access key}}
secret=${5:-${S3_SECRET_KEY:?give a secret key}}
root=$(cd "$(dirname "$0")/.." && pwd)
s3load=${S3LOAD:-$root/target/s3load/release/s3load}
seconds=${D:-5}
format=${FORMAT:-table}

KIB4=4096
MIB=1048576
MIB16=16777216

load() { # load OP SIZE CONNECTIONS PREFIX [FURTHER OPTIONS]: a line of JSON
  local op=$1 size=$2 connections=$3 prefix=$4
  shift 4
  "$s3load" --access "$access" --secret "$secret" --endpoint "$endpoint" --server "$server" \
    --op "$op" --size "$size" --concurrency "$connections" --prefix "$prefix" "$@"
}

rung() { # rung NAME LOAD...: the result of a rung, with its name and the store's
  local name=$1
  shift
  load "$@" --duration "$seconds" | "$root/bench/rows" --format "$format" --store "$store" --rung "$name"
}

# Stores the objects for the later reads, however slow the store is.
prepare() { # prepare SIZE CONNECTIONS PREFIX COUNT
  load put "$1" "$2" "$3" --duration 300 --requests "$4" --objects "$4" >/dev/null
}

[ "$format" = json ] || "$root/bench/rows" --header
rung "PUT 4 KiB x1" put $KIB4 1 one/
rung "PUT 4 KiB x32" put $KIB4 32 s/
prepare $KIB4 32 g/ 3000
rung "GET 4 KiB x32" get $KIB4 32 g/ --objects 3000
rung "HEAD 4 KiB x32" head $KIB4 32 g/ --objects 3000
rung "LIST 1000 x4" list $KIB4 4 g/ --objects 3000
rung "PUT 1 MiB x8" put $MIB 8 M/ --requests 1000
prepare $MIB 8 m/ 100
rung "GET 1 MiB x8" get $MIB 8 m/ --objects 100
rung "PUT 16 MiB x4" put $MIB16 4 L/ --requests 100
prepare $MIB16 4 l/ 20
rung "GET 16 MiB x4" get $MIB16 4 l/ --objects 20
rung "PUT 4 KiB same x32" put $KIB4 32 dup/ --dup
