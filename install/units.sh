# shellcheck shell=bash disable=SC2034,SC2153,SC2154 # as in lib.sh
# The steps that install the units of a role and start what is enabled; a version that does not start goes again.

place_units() {
  local unit before=$changed
  changed=''
  if [[ $packaged ]]; then
    of_package "$HELPERS"
  else
    place "$from/systemd/restart-delay" "$HELPERS/restart-delay" 755
  fi
  for unit; do
    if [[ $unit == cis490-orchestrator.service ]] || ! of_package "$unit"; then place "$from/systemd/$unit" "$UNITS/$unit" 644; fi
  done
  if [[ $changed ]] || is_unfinished; then act "systemctl daemon-reload" systemctl daemon-reload; fi
  changed=${changed:-$before}
}

show() { systemctl show --property="$2" --value -- "$1"; }

is_enabled() { [[ $(systemctl is-enabled -- "$1" 2>/dev/null) == enabled* ]]; }

# start_units UNIT…: each that is enabled is restarted if anything changed or it does not run, and must stay up.
start_units() {
  local unit failed=''
  if is_unfinished; then changed=yes; fi
  for unit; do
    if ! is_enabled "$unit"; then
      note "$unit is not enabled; when it is configured: systemctl enable --now $unit"
      if [[ $(show "$unit" ActiveState) == active ]]; then note "it runs all the same, and is not restarted"; fi
    elif [[ ! $changed ]] && runs_installed "$unit"; then
      found "$unit runs what is installed, and is not restarted"
    elif [[ $dry_run ]]; then
      would "$unit restarted"
    elif restart "$unit"; then
      did "$unit restarted"
    else
      failed=yes
    fi
  done
  if [[ $failed ]]; then fail_start "$@"; fi
  if [[ ! $dry_run ]]; then end_change; fi
}

restart() {
  local began
  began=$(date +%s)
  if systemctl restart -- "$1" && stays_up "$1"; then
    if [[ $(show "$1" ConditionResult) == no ]]; then note "$1 waits for its configuration"; fi
    return
  fi
  printf '%s: %s did not start:\n' "$program" "$1" >&2
  journalctl --unit="$1" --since="@$began" --lines=20 --output=cat --no-pager >&2 || :
  return 1
}

# Active, and if it is a daemon of ours, the binary that is installed. A unit whose condition does not hold is as it should
# be.
runs_installed() {
  local pid
  [[ $(show "$1" ActiveState) == active ]] || [[ $(show "$1" ConditionResult) == no && $(show "$1" ActiveState) == inactive ]] || return 1
  pid=$(show "$1" MainPID)
  [[ ! $pid =~ ^[1-9] || ! $(show "$1" ExecStart) =~ path=$BINARY ]] || [[ /proc/$pid/exe -ef $BINARY ]]
}

stays_up() {
  local i
  for ((i = 0; i < 4; i++)); do
    sleep 0.3
    runs_installed "$1" && [[ $(show "$1" NRestarts) =~ ^0?$ ]] || return 1
  done
}

# fail_start UNIT…
fail_start() {
  ask_doctor
  if [[ ! $rollback ]]; then
    die "the new version stays, as --no-rollback says; when the cause is mended: systemctl restart $*"
  elif ! is_unfinished || ! has_previous; then
    die "there is no earlier version to bring back; when the cause is mended, run this again"
  fi
  roll_back
  local unit
  for unit; do
    is_enabled "$unit" || continue
    restart "$unit" || note "the earlier version of $unit does not start either"
  done
  die "the version before it is back: $(field "$BINARY" version) of $BINARY, and its units" \
    "$TREE stays as it is; when the cause is mended, run this again"
}

# ask_doctor: what it finds is shown, and for whoever runs this to judge: a receiver that is away is no fault of an
# installation.
ask_doctor() {
  if [[ ! -x $BINARY ]]; then
    note "$BINARY is not installed yet"
    return
  fi
  "$BINARY" doctor --role "$role" 2>&1 | sed 's/^/  /' || :
}
