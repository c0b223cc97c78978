#!/usr/bin/env bash
# install-receiver.sh: makes this machine the receiver, or brings it up to date. See usage, and docs/installing.md.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/lib.sh"

readonly role=receiver
readonly units=(cis490-receiver.service)
readonly caddyfile=/etc/caddy/Caddyfile

usage() {
  cat <<'END'
Usage: install-receiver.sh [install | uninstall [--purge]] [--dry-run] [--binary FILE]
                           [--owner USER] [--no-rollback]

Makes this machine the receiver, with Caddy in front of it, or brings it up to date; it can be run
again at any time, from wherever the repository was cloned to. What is right already is left alone,
and so are your configuration, your Caddyfile and your data.

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
    if cmp -s -- "$from/install/Caddyfile" "$caddyfile"; then
      note "$caddyfile and caddy stay; without them: apt-get remove caddy"
    fi
    return
  fi

  step "prerequisites"
  need_basics
  need_command caddy caddy
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
  step "configuration"
  place_template receiver.toml
  step "units"
  place_units "${units[@]}"
  step "start"
  start_units "${units[@]}"
  step "Caddy in front of it"
  place_proxy
  step "cis490 doctor"
  if [[ -e $CONFIGURATION/receiver.toml ]]; then
    ask_doctor
  else
    note "there is no $CONFIGURATION/receiver.toml yet: $TREE/docs/bring-up.md says how to go on"
  fi
}

# Caddy's user reaches the socket and the certificates by group cis490. A Caddyfile that somebody wrote stays. The copy of
# ours is made last: as long as it differs, Caddy was not restarted with what is in place, whatever interrupted that.
place_proxy() {
  local ours=$from/install/Caddyfile copy=$HELPERS/Caddyfile
  if [[ " $(id -nG caddy) " == *" cis490 "* ]]; then
    found "caddy is in group cis490"
  else
    act "caddy put into group cis490" usermod -aG cis490 caddy
  fi
  if cmp -s -- "$ours" "$caddyfile"; then
    found "$caddyfile"
  elif is_debians "$caddyfile" || cmp -s -- "$copy" "$caddyfile"; then
    check_caddyfile "$ours"
    # While its present one still works without our certificates: a reload gives a process no group.
    if lacks_group caddy.service; then act "caddy restarted, so that it is in group cis490" systemctl restart caddy; fi
    act "$caddyfile" replace "$ours" "$caddyfile" 644
  else
    note "$caddyfile is yours, and is not touched; what ours has: diff $caddyfile $TREE/install/Caddyfile"
    return
  fi
  if cmp -s -- "$ours" "$copy"; then return; fi
  if ! is_enabled caddy.service; then
    note "caddy.service is not enabled: systemctl enable --now caddy"
  elif [[ ! -e $CONFIGURATION/pki/server.crt ]]; then
    note "when there is its certificate ($CONFIGURATION/pki/server.crt): systemctl restart caddy"
  else
    act "caddy restarted" systemctl restart caddy
  fi
  act "$copy" replace "$ours" "$copy" 644
}

# Whether it runs, and was started before its user was put into group cis490 (proc(5), status).
lacks_group() {
  local pid gid
  pid=$(show "$1" MainPID)
  gid=$(getent group cis490 | cut -d : -f 3)
  [[ $pid =~ ^[1-9] && " $(sed -n 's/^Groups:\t*//p' "/proc/$pid/status") " != *" $gid "* ]]
}

# Without its certificates, Caddy can't judge it.
check_caddyfile() {
  [[ -e $CONFIGURATION/pki/ca.crt && -e $CONFIGURATION/pki/server.crt ]] || return 0
  local said
  said=$(caddy validate --adapter caddyfile --config "$1" 2>&1) ||
    die "this Caddy does not take $1, and $caddyfile stays as it was:" "$(tail -n 3 <<<"$said")"
}

# As the package brought it, or not there at all.
is_debians() {
  [[ -e $1 ]] || return 0
  [[ $(dpkg-query --show --showformat='${Conffiles}\n' caddy 2>/dev/null) == *" $1 $(md5sum <"$1" | cut -d ' ' -f 1)"* ]]
}

main "$@"
