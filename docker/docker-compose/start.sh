#!/usr/bin/env bash
# Build the images, start everything, and wait until people land in the table `users`.
#
#   ./start.sh           start, or bring what runs up to date; the first time: the full profile
#   ./start.sh --small   one Kafka server and one Spark worker, for a laptop
#   ./start.sh --full    three controllers, three brokers, two workers
#
# Needs Docker and nothing else. Settings and passwords are in .env beside this file, made on the first start.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")"
. ./checks.sh
. ./environment.sh
. ./stream.sh

FIRST_ROW_SECONDS=600

main() {
  local profile=''
  while [ $# -gt 0 ]; do
    case $1 in
      --small | --full) profile=${1#--} ;;
      -h | --help) sed -n '2,8s/^# \{0,1\}//p' start.sh && return ;;
      *) fail "$1 is no option. See ./start.sh --help." ;;
    esac
    shift
  done

  check_engine
  check_environment
  choose_profile "$profile"
  complete_environment
  check_memory "$(profile)"
  check_disk
  check_settings
  check_names
  check_ports

  step 'Building the images'
  provide_postgres
  docker compose build || fail 'The images could not be built. The lines above say why; then run ./start.sh again.'
  choose_source
  step "Starting the $(profile) profile"
  trap "fail 'Interrupted: containers may be of two versions. Run ./start.sh again.'" INT TERM
  end_outdated_stream
  remove_outdated
  revive
  # Compose 2.26 waits for a service that it scales down to none, unless its number is said.
  docker compose up --detach --remove-orphans --wait --wait-timeout 900 \
    --scale spark-worker="$(setting EXTRA_SPARK_WORKERS 0)" || not_healthy
  trap - EXIT INT TERM
  docker logs provision
  step 'Waiting for people in the table users'
  wait_for_rows
  show_result
}

# The engine may have it already, from a pull or as another image of the same interface.
provide_postgres() {
  docker compose pull --quiet --policy missing postgres \
    || fail "The image of PostgreSQL can't be pulled. Repair the network, or name another in POSTGRES_IMAGE in $ENV_FILE."
}

# With a container, Compose replaces all that depend on it, changed or not; what is missing it only makes. So what runs
# an image from before the build is removed here, and `provision`, on which most depend and which runs at each start.
remove_outdated() {
  local identity name runs image outdated=()
  for identity in $(docker compose ps --all --quiet); do
    read -r name runs image < <(docker inspect --format '{{.Name}} {{.Image}} {{.Config.Image}}' "$identity")
    if [ "$name" = /provision ] || [ "$runs" != "$(docker image inspect --format '{{.Id}}' "$image")" ]; then
      outdated+=("$identity")
    fi
  done
  [ ${#outdated[@]} -gt 0 ] || return 0
  docker stop "${outdated[@]}" > /dev/null
  docker rm "${outdated[@]}" > /dev/null
}

# Compose gives up at once on a container that is unhealthy already, and Docker doesn't restart such a one by itself.
revive() {
  local identity
  for identity in $(docker ps --quiet --filter "$(ours)" --filter status=paused); do docker unpause "$identity"; done
  for identity in $(docker ps --quiet --filter "$(ours)" --filter health=unhealthy); do docker restart "$identity"; done
}

not_healthy() {
  local name state code
  docker compose ps --all
  code=$(docker inspect --format '{{if eq .State.Status "exited"}}{{.State.ExitCode}}{{end}}' provision 2> /dev/null) || code=''
  case $code in
    '' | 0) ;;
    *) fail "Provisioning failed: $(docker logs --tail 3 provision 2>&1 | tr '\n' ' ')" ;;
  esac
  read -r name state < <(docker compose ps --all --format '{{.Name}} {{.State}} {{.Health}}' \
    | awk '$1 != "provision" && $2 != "created" && ($2 != "running" || $3 == "unhealthy") {print; exit}') || true
  [ -n "$name" ] || fail 'The containers could not be started. The lines above say why; then run ./start.sh again.'
  fail "$name did not become healthy (it is $state). \`docker logs $name\` says why; then run ./start.sh again."
}

wait_for_rows() {
  local since rows begun=$SECONDS told=$SECONDS limit=$((FIRST_ROW_SECONDS + 2 * $(setting CADENCE_SECONDS 25)))
  ! left_without_rows || return 0
  since=$(sql 'SELECT now()')
  until rows=$(sql "SELECT count(*) FROM users WHERE ingested_at > '$since'") && [ "${rows:-0}" -gt 0 ]; do
    if [ $((SECONDS - begun)) -ge $limit ]; then
      fail "All is healthy, but no row has come for $limit s. $(ui_url) shows which step waits."
    fi
    if [ $((SECONDS - told)) -ge 15 ]; then
      told=$SECONDS
      ! left_without_rows || return 0
      echo "  $((SECONDS - begun)) s: $(sql "SELECT count(*) FROM slots WHERE outcome = 'emitted'") slots emitted," \
        "$(sql 'SELECT count(*) FROM users') rows"
    fi
    sleep 1
  done
}

# Say why no rows are to be waited for, where somebody left the pipeline so. Fails where they are.
left_without_rows() {
  local switched="SELECT status FROM instigators WHERE instigator_type = 'SCHEDULE' AND instigator_body LIKE '%\"every_25_seconds\"%'"
  if [ "$(sql 'SELECT wanted FROM stream_state')" = stopped ]; then
    echo 'The stream was stopped on purpose and stays so. The job start_stream starts it.'
  elif [ "$(sql 'SELECT gave_up_at IS NOT NULL FROM stream_state')" = t ]; then
    fail "The stream failed again and again, so nothing starts it any more. Its check stream_running at $(ui_url) says why;" \
      'the job start_stream starts it.'
  elif [ "$(sql "$switched" dagster)" = STOPPED ]; then
    echo "The schedule every_25_seconds is switched off, so nobody is produced. Switch it on at $(ui_url)."
  else
    return 1
  fi
}

show_result() {
  sql_table "SELECT name_first, name_last, country, ingested_at FROM users ORDER BY id DESC LIMIT 5"
  cat <<RESULT
Everything runs; the start took $SECONDS s.
  Dagster       $(ui_url)
  Spark master  http://127.0.0.1:$(setting SPARK_UI_PORT 18080)
  Kafka         127.0.0.1:$(setting KAFKA_BROKER_1_PORT 19095)
  PostgreSQL    docker exec -it postgres psql -U pipeline project_streaming
Stop it with ./down.sh; the data stay.
RESULT
}

ui_url() { echo "http://127.0.0.1:$(setting DAGSTER_PORT 13000)"; }

step() { printf '\n── %s\n' "$1"; }

main "$@"
