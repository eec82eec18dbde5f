# Sourced by start.sh: a stream whose code changed ends with its batch, before its workers are replaced.
# shellcheck shell=bash

PATIENCE_SECONDS=150

# Left between stopping and starting, so that a start that was cut off is made up for by the next one.
_replacing() { echo "$ENV_FILE.replacing"; }

stop_outdated_stream() {
  local runs built
  runs=$(docker inspect --format '{{if .State.Running}}{{.Image}}{{end}}' spark-worker-1 2> /dev/null) || return 0
  built=$(docker image inspect --format '{{.Id}}' random-user-pipeline/spark-worker)
  if [ -z "$runs" ] || [ "$runs" = "$built" ] || [ "$(sql 'SELECT wanted FROM stream_state' 2> /dev/null)" != running ]; then
    return 0
  fi
  echo "The stream's code changed: it finishes its batch, then starts again with the new code."
  touch "$(_replacing)"
  if ! launch stop_stream || ! wanted_is stopped || ! driver_is_gone; then
    echo 'It did not end by itself in time. It is replaced all the same: what a batch had not committed is read again.'
  fi
}

start_replaced_stream() {
  [ -e "$(_replacing)" ] || return 0
  if ! launch start_stream || ! wanted_is running; then
    fail "The new stream could not be started. Launch the job start_stream at $(ui_url), or run ./start.sh again."
  fi
  rm -f "$(_replacing)"
}

launch() { docker exec dagster-code dagster job launch --workspace workspace.yaml --job "$1" > /dev/null; }

wanted_is() { soon "SELECT wanted = '$1' FROM stream_state"; }

driver_is_gone() { soon "SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name = 'users_stream driver'"; }

# Wait until a query answers true.
soon() {
  local begun=$SECONDS
  until [ "$(sql "$1")" = t ]; do
    [ $((SECONDS - begun)) -lt $PATIENCE_SECONDS ] || return 1
    sleep 1
  done
}
