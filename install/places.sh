# shellcheck shell=bash disable=SC2034,SC2153,SC2154 # as in lib.sh
# The steps for users, directories and their rights.

# place_users NAME: by sysusers.d(5)
place_users() {
  if [[ $1 == cis490 ]] && of_package "$1"; then return; fi
  place "$from/systemd/sysusers.d/$1.conf" "$SYSUSERS/$1.conf" 644
  if [[ ! $dry_run ]]; then systemd-sysusers "$SYSUSERS/$1.conf" 2>&1 | sed 's/^/  /'; fi
}

# place_directories NAME: by tmpfiles.d(5), which sets owner, mode and access lists anew whenever they differ
place_directories() {
  if of_package "$DATA"; then return; fi
  place "$from/systemd/tmpfiles.d/$1.conf" "$TMPFILES/$1.conf" 644
  if [[ ! $dry_run ]]; then systemd-tmpfiles --create "$TMPFILES/$1.conf"; fi
}

# To move a directory, one must be able to write to it (rename(2), EACCES). The default access list sees to what is made in
# episodes/; what was moved there from elsewhere, or made with a narrow mode, is mended here.
let_shipper_move() {
  [[ -d $DATA/episodes ]] && id cis490 >/dev/null 2>&1 || return 0
  local -a closed
  mapfile -d '' -t closed < <(
    cd "$DATA/episodes" &&
      # What is in a closed directory can't be looked at; that it is closed is enough.
      runuser -u cis490 -- find . -mindepth 1 \( -type d \( ! -writable -o ! -readable \) -o -type f ! -readable \) -print0 2>/dev/null |
      cut -z -d / -f 2 | sort -zu
  )
  local episode opened=0
  for episode in "${closed[@]}"; do
    if [[ $dry_run ]]; then
      would "$DATA/episodes/$episode opened to the shipper"
    elif open_episode "$episode"; then
      opened=$((opened + 1))
    else
      note "$DATA/episodes/$episode stays closed to the shipper; what is wrong stands above"
    fi
  done
  if ((${#closed[@]} == 0)); then
    found "the shipper may move what waits"
  elif ((opened)); then
    did "of what waits, $opened opened to the shipper"
  fi
}

# From inside it, so that it can't be exchanged for a link meanwhile; what lies deeper can, and is opened as whose it is. The
# shipper may have moved it away since it was looked at.
open_episode() (
  cd -P -- "$DATA/episodes/$1" 2>/dev/null && [[ $(pwd -P) == "$(readlink -f -- "$DATA/episodes")/$1" ]] || exit 0
  owner=$(stat -c %u .)
  chgrp cis490-episodes .
  exec setpriv --reuid="$owner" --clear-groups -- setfacl -R -P -m u:cis490:rwX .
)
