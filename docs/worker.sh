#!/usr/bin/env bash
# Runs one worker of several machines. Arguments go to `nlgan-tf run`. Variables:
#   HOSTS   Host and port of every worker, host:port, separated by commas.
#   RANK    Place of this worker in HOSTS, from 0, the chief.
#   RUN     Run folder, which all workers see.
#   STARTS  Largest number of starts, 20 by default: a chief that ended for good never comes back.
set -uo pipefail
: "${HOSTS:?}" "${RANK:?}" "${RUN:?}"
export TF_CONFIG="{\"cluster\": {\"worker\": [\"${HOSTS//,/\", \"}\"]}, \"task\": {\"type\": \"worker\", \"index\": $RANK}}"

for _ in $(seq "${STARTS:-20}"); do
  if [ -e "$RUN/config.json" ]; then arguments=(--resume "$RUN"); else arguments=(--run-dir "$RUN" "$@"); fi
  nlgan-tf run --strategy multiworker "${arguments[@]}"
  code=$?
  # 75: another worker was lost. Above 128: this one was killed; 130 and 143: it was asked to stop.
  [ "$code" -eq 75 ] || { [ "$code" -gt 128 ] && [ "$code" -ne 130 ] && [ "$code" -ne 143 ]; } || exit "$code"
  sleep 5
done
exit "$code"
