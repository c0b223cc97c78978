# shellcheck shell=bash disable=SC2034,SC2153,SC2154 # as in lib.sh
# Taking a role from a machine.

# uninstall UNIT…: these units go, and what no other role on this machine needs. Data and configuration stay but for
# --purge, which refuses while there is something that may be the only copy.
uninstall() {
  local unit file
  local -a going=("${own[@]}")
  if [[ $packaged && $1 != cis490-orchestrator.service ]]; then
    die "cis490 is installed as a Debian package: apt-get remove cis490"
  fi
  step "data"
  if [[ $purge ]]; then
    if has_other_role "$@"; then
      die "nothing was removed: another role of this machine needs $CONFIGURATION and $DATA; uninstall it first"
    fi
    refuse_loss
    found "no episode is lost"
  else
    found "$CONFIGURATION and $DATA stay"
  fi
  step "units"
  for unit; do
    [[ -e $UNITS/$unit ]] || continue
    act "$unit stopped and disabled" systemctl disable --now --quiet -- "$unit"
  done
  step "files"
  if has_other_role "$@"; then
    note "$BINARY stays: another role of this machine needs it"
    going+=("$kept")
  else
    going+=("$BINARY" "$HELPERS" "$SYSUSERS/cis490.conf" "$TMPFILES/cis490.conf")
  fi
  for file in "${going[@]}"; do
    if [[ -e $file ]]; then act "$file removed" rm -rf -- "$file"; fi
  done
  act "systemctl daemon-reload" systemctl daemon-reload
  if [[ $purge ]]; then
    # Who records may have gone on meanwhile.
    refuse_loss
    act "$CONFIGURATION and $DATA removed" rm -rf -- "$CONFIGURATION" "$DATA"
  fi
  note "$TREE and the users stay; by hand: rm -r $TREE"
}

# has_other_role UNIT…: is there a unit of ours besides these?
has_other_role() {
  local other
  if [[ $packaged ]]; then return 0; fi
  for other in "$UNITS"/cis490-*; do
    if [[ -e $other && " $* " != *" ${other##*/} "* ]]; then return 0; fi
  done
  return 1
}

# What no receiver has acknowledged is in recording/, episodes/ and quarantine/; what a receiver has is nowhere else, nor is
# the authority that signs for all hosts.
refuse_loss() {
  local directory problems=()
  for directory in "$DATA"/{recording,episodes,quarantine,store/episodes} "$CONFIGURATION/ca"; do
    if [[ -n $(find "$directory" -not -type d -print -quit 2>/dev/null || :) ]]; then
      problems+=("$directory may hold the only copies: move them away first")
    fi
  done
  ((${#problems[@]} == 0)) || die "$CONFIGURATION and $DATA stay, because:" "${problems[@]}"
}
