#!/bin/sh
# Makes a database cluster on an empty volume, then is PostgreSQL.
set -eu

data=/data/postgresql
export LD_PRELOAD=/usr/local/lib/not_root.so

if [ ! -e "$data/PG_VERSION" ]; then
  mkdir -p "$data"
  # The owner that PostgreSQL takes itself for.
  chown 65532:65532 "$data"
  chmod 700 "$data"
  # Small and without waiting for the disk: a sample's data need not outlive the machine.
  initdb --pgdata="$data" --username=postgres --auth=trust --encoding=UTF8 --locale=C --no-sync --wal-segsize=1 >/dev/null
fi
exec postgres -D "$data" -c config_file=/etc/postgresql/postgresql.conf
