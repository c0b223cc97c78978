#!/usr/bin/env bash
# install-lab-host.sh: makes this machine a lab host, or brings one up to date. See usage, and docs/installing.md.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/lib.sh"

readonly role=lab-host
readonly units=(cis490-shipper.service cis490-ship.service cis490-ship.timer)

usage() {
  cat <<'END'
Usage: install-lab-host.sh [install | uninstall [--purge]] [--dry-run] [--binary FILE]
                           [--owner USER] [--no-rollback]

Makes this machine a lab host, or brings one up to date; it can be run again at any time, from
wherever the repository was cloned to. What is right already is left alone, and so are your
configuration and your data.

  --dry-run        says what would be done, and changes nothing
  --binary FILE    installs this one, instead of dist/cis490 or one that is built now
  --owner USER     who pulls in /opt/cis490; unless said, whose it is, or who called sudo
  --no-rollback    keeps the new version when it does not start
  uninstall        stops and removes the program; configuration and data stay
  --purge          removes these too, unless something is lost by it

Exit codes: 0 done, 1 it could not be done and says why, 2 usage.
END
}

main() {
  begin "$role" 10 "$@"
  own=("${units[@]/#/$UNITS/}")
  shared=("$BINARY" "$HELPERS/restart-delay" "$SYSUSERS/cis490.conf" "$TMPFILES/cis490.conf")
  if [[ $action == uninstall ]]; then
    steps=3
    uninstall "${units[@]}"
    return
  fi

  step "prerequisites"
  need_basics
  need_space "$(dirname "$BINARY")" 300
  need_space /opt 300
  need_unshadowed "${units[@]}"
  need_given_binary
  end_prerequisites

  step "the tree at $TREE"
  sync_tree
  step "the binary"
  place_binary
  step "users and groups"
  place_users cis490
  step "directories and their rights"
  place_directories cis490
  let_shipper_move
  step "configuration"
  place_template lab-host.toml
  step "units"
  place_units "${units[@]}"
  step "start"
  start_units cis490-shipper.service cis490-ship.timer
  step "episodes that could never be accepted"
  drain
  step "cis490 doctor"
  if [[ -e $CONFIGURATION/lab-host.toml ]]; then
    ask_doctor
  else
    note "there is no $CONFIGURATION/lab-host.toml yet: $TREE/docs/bring-up.md says how to go on"
  fi
}

drain() {
  if [[ ! -e $CONFIGURATION/lab-host.toml || ! -x $BINARY ]]; then
    found "nothing is configured yet"
    return
  fi
  # Busy episodes and the like are for the next run.
  "$BINARY" quarantine-unstamped ${dry_run:+--dry-run} 2>&1 | sed 's/^/  /' ||
    note "not all could be judged or moved; what is wrong stands above"
}

main "$@"
