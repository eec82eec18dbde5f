#!/usr/bin/env bash
# Stop everything and remove the containers and networks. The data stay, and ./start.sh goes on from there.
#
#   ./down.sh                   keep the data
#   ./down.sh --volumes         delete the data too, after a question
#   ./down.sh --volumes --yes   without the question
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")"
. ./checks.sh
. ./environment.sh

volumes='' yes=''
while [ $# -gt 0 ]; do
  case $1 in
    --volumes) volumes=--volumes ;;
    --yes) yes=yes ;;
    -h | --help) sed -n '2,6s/^# \{0,1\}//p' down.sh && exit ;;
    *) fail "$1 is no option. See ./down.sh --help." ;;
  esac
  shift
done

check_engine
check_readable
check_folder
if [ -n "$volumes" ] && [ -z "$yes" ]; then
  [ -t 0 ] || fail 'This deletes every row and record, and nobody is there to ask. Say --yes if that is meant.'
  read -r -p "Delete every row and record of $(project)? [y/N] " answer
  case $answer in [yY] | [yY][eE][sS]) ;; *) fail 'Nothing was stopped or deleted.' ;; esac
fi

# By the project's name alone, so that it works whatever became of the other files.
COMPOSE_FILE='' docker compose --env-file /dev/null --project-name "$(project)" \
  down --remove-orphans --timeout 60 ${volumes:+"$volumes"}
if [ -n "$volumes" ]; then
  echo 'All is gone: containers, networks and data. The settings and passwords in .env stay for the next ./start.sh.'
else
  echo 'All is stopped; the data stay. ./start.sh goes on from there.'
fi
