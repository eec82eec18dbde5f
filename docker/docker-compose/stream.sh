# Sourced by start.sh: a stream whose code changed ends with its batch, before its workers are replaced.
# shellcheck shell=bash

BATCH_SECONDS=90

# Dagster's daemon is stopped first, so that the stream isn't started on the old workers. Once `up` has started the
# daemon again, it finds the stream wanted and missing. A start that fails on the way there does not leave it stopped.
end_outdated_stream() {
  local runs built begun=$SECONDS
  runs=$(docker inspect --format '{{if .State.Running}}{{.Image}}{{end}}' spark-worker-1 2> /dev/null) || return 0
  built=$(docker image inspect --format '{{.Id}}' random-user-pipeline/spark-worker)
  if [ -z "$runs" ] || [ "$runs" = "$built" ]; then return 0; fi
  echo "The stream's code changed: it finishes its batch, then the new code goes on from its offsets."
  trap 'docker start dagster-daemon > /dev/null 2>&1 || true' EXIT
  docker stop dagster-daemon > /dev/null || true
  sql 'UPDATE stream_state SET restart_at = clock_timestamp()' || true
  until [ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'users_stream driver'")" = 0 ]; do
    if [ $((SECONDS - begun)) -ge $BATCH_SECONDS ]; then
      echo "It is still there after $BATCH_SECONDS s and is replaced all the same: what was not committed is read again."
      return 0
    fi
    sleep 1
  done
}
