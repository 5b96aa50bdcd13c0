#!/usr/bin/env bash
# One worker of several machines. HOSTS: host:port of all of them, separated by commas; RANK: this one's place there,
# from 0, the chief; RUN: the run folder, which all of them see; STARTS: how often at most it is started (a chief that
# ended for good never comes back). Arguments go to `nlgan-tf run`.
set -uo pipefail
: "${HOSTS:?}" "${RANK:?}" "${RUN:?}"
export TF_CONFIG="{\"cluster\": {\"worker\": [\"${HOSTS//,/\", \"}\"]}, \"task\": {\"type\": \"worker\", \"index\": $RANK}}"

for _ in $(seq "${STARTS:-20}"); do
  if [ -e "$RUN/config.json" ]; then arguments=(--resume "$RUN"); else arguments=(--run-dir "$RUN" "$@"); fi
  nlgan-tf run --strategy multiworker "${arguments[@]}"
  code=$?
  # 75: another worker was lost. Above 128: killed, but for 130 and 143, where it was asked to stop.
  [ "$code" -eq 75 ] || { [ "$code" -gt 128 ] && [ "$code" -ne 130 ] && [ "$code" -ne 143 ]; } || exit "$code"
  sleep 5
done
exit "$code"
