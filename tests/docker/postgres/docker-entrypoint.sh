#!/bin/bash
# As the official image does it: make the data folder on the first start, then become the server.
set -euo pipefail

if [ ! -e "$PGDATA/PG_VERSION" ]; then
  mkdir -p "$PGDATA"
  chmod 700 "$PGDATA"
  # shellcheck disable=SC2086 # the arguments are several words
  initdb --pgdata "$PGDATA" --username postgres --pwfile <(printf '%s\n' "$POSTGRES_PASSWORD") \
    ${POSTGRES_INITDB_ARGS:-}
  printf '\nhost all all all scram-sha-256\n' >> "$PGDATA/pg_hba.conf"
fi
# The wheel's client programs look for the socket in /tmp.
exec "$@" -c listen_addresses='*' -c unix_socket_directories=/var/run/postgresql,/tmp
