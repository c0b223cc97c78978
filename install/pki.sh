#!/usr/bin/env bash
# The lab's own small certificate authority, on the receiver's machine: easy-rsa(1) does the work, this knows the names,
# places and rights that cis490 expects. docs/pki.md tells the whole story; `pki.sh --help` the commands.
set -euo pipefail

readonly EASYRSA_PROGRAM=/usr/share/easy-rsa/easyrsa
# Ten years for the authority. A leaf lives 13 months: the doctor is yellow for its last 14 days.
readonly CA_DAYS=3650 LEAF_DAYS=397

ca=/etc/cis490/ca        # the authority, with its key: root's alone
pki=/etc/cis490/pki      # what Caddy reads on this machine
url=
with_token=yes

usage() {
  cat <<'END'
Usage: pki.sh [--ca DIR] [--pki DIR] COMMAND

A certificate authority for one lab, on the receiver's machine.

  init NAME...           makes the authority, and the receiver's certificate for the names and
                         addresses by which lab hosts reach it, for example: init pi 10.77.0.1
  server NAME...         makes a new certificate for the receiver
  enroll HOST            makes all that a new lab host needs - certificate, token, lab-host.toml -
                         and says which command brings it there
  renew HOST             makes a new certificate for HOST; the old one works until it expires
  revoke HOST            takes HOST's certificates and tokens away
  list                   shows all certificates, with the day each expires

  --ca DIR               where the authority lies (/etc/cis490/ca)
  --pki DIR              where Caddy looks for its certificates (/etc/cis490/pki)
  --url URL              with enroll: the receiver's address as HOST sees it
                         (https://NAME:8443, with the first name of the receiver's certificate)
  --no-token             with enroll: makes no token

Nothing that exists is overwritten but by renew and server, which keep the former certificate in the
authority's directory. Exit codes: 0 done, 1 it could not be done, 2 usage.
END
}

main() {
  local -a words=()
  while (($#)); do
    case $1 in
      --ca) ca=$(value_of "$@"); shift ;;
      --pki) pki=$(value_of "$@"); shift ;;
      --url) url=$(value_of "$@"); shift ;;
      --no-token) with_token= ;;
      -h | --help) usage; exit 0 ;;
      -*) misused "unknown option $1" ;;
      *) words+=("$1") ;;
    esac
    shift
  done
  ((${#words[@]})) || misused "which command?"
  local command=${words[0]} argument
  local -a arguments=("${words[@]:1}")
  case $command in
    init | server)
      ((${#arguments[@]})) || misused "$command needs the receiver's NAME: $0 $command pi"
      for argument in "${arguments[@]}"; do check_name "$argument"; done ;;
    enroll | renew | revoke)
      ((${#arguments[@]} == 1)) || misused "$command needs one HOST"
      check_host "${arguments[0]}" ;;
    list) ((${#arguments[@]} == 0)) || misused "list takes no argument" ;;
    *) misused "unknown command $command" ;;
  esac
  [[ -x $EASYRSA_PROGRAM ]] || fail "easy-rsa is missing: sudo apt-get install easy-rsa"
  [[ $command == init || -f $ca/ca.crt ]] || fail "there is no authority in $ca: $0 init NAME"
  umask 077
  export EASYRSA_PKI=$ca EASYRSA_BATCH=1 EASYRSA_ALGO=ec EASYRSA_CURVE=prime256v1
  if [[ $command != list ]]; then lock; fi
  "do_$command" "${arguments[@]}"
}

# --- the commands ---

do_init() {
  if [[ -f $ca/ca.crt ]]; then
    say "the authority in $ca exists, and stays"
  else
    [[ ! -e $ca/private ]] || fail "$ca was begun and not finished: look into it, and remove it if it holds nothing"
    easyrsa init-pki
    easyrsa --days=$CA_DAYS --req-cn="cis490 lab authority" build-ca nopass
    say "made the authority in $ca; its key, $ca/private/ca.key, is worth a copy that is kept off this machine"
  fi
  if [[ -f $pki/server.crt ]]; then
    say "the receiver's certificate in $pki exists, and stays ($0 server NAME makes a new one)"
  else
    do_server "$@"
  fi
}

do_server() {
  local name names='' base
  for name in "$@"; do
    if is_address "$name"; then names+=,IP:$name; else names+=,DNS:$name; fi
  done
  # No host's name begins like this: revoking a host that is called receiver takes nothing from the receiver.
  base=$(free_base _receiver)
  issue server "$base" "$1" --subject-alt-name="${names#,}"
  ensure_directory "$pki"
  place 0644 root "$ca/ca.crt" "$pki/ca.crt"
  # The key before the certificate: Caddy reads both at a reload only.
  place 0640 caddy "$ca/private/$base.key" "$pki/server.key"
  place 0644 root "$ca/issued/$base.crt" "$pki/server.crt"
  write_revoked
  say "the receiver's certificate for $* is in $pki, until $(end_of "$ca/issued/$base.crt")"
  reload_caddy
}

do_enroll() {
  # Under another name until it is whole: an interrupted one is begun anew.
  local host=$1 bundle=$ca/hosts/$1 new=$ca/hosts/.new-$1
  [[ ! -e $bundle ]] ||
    fail "$host is enrolled already: $0 renew $host makes a new certificate, and $0 revoke $host takes all away"
  rm -rf "$new"
  issue_for "$host" "$new"
  if [[ -n $with_token ]]; then
    cis490 receive token add "$host" >"$new/etc/cis490/token" || fail "$host got no token; what cis490 said stands above"
  fi
  printf 'host_id = "%s"\n\n[receiver]\nurl = "%s"\n' "$host" "${url:-$(url_of_receiver)}" \
    >"$new/etc/cis490/lab-host.toml"
  chmod 0640 "$new"/etc/cis490/*.toml
  if [[ -n $with_token ]]; then chmod 0640 "$new/etc/cis490/token"; fi
  mv "$new" "$bundle"
  say "$host is enrolled. When the program is installed there, run this here, as root:"
  say_how_to_bring "$host"
}

do_renew() {
  local host=$1
  [[ -d $ca/hosts/$host ]] || fail "$host was never enrolled here: $0 enroll $host"
  issue_for "$host" "$ca/hosts/$host"
  # Only the new certificate goes there: a token or a configuration may have been changed since.
  rm -f "$ca/hosts/$host/etc/cis490/token" "$ca/hosts/$host/etc/cis490/lab-host.toml"
  say "$host has a new certificate. Run this here, as root; the shipper there takes it up by itself:"
  say_how_to_bring "$host"
}

do_revoke() {
  local host=$1 base found='' tokens
  # The token first: it ends the host's rights at once, whatever the proxy has loaded. Whether there is one must be known.
  tokens=$(cis490 receive token list --json) ||
    fail "$host's tokens can't be taken away, and nothing was done; what cis490 said stands above"
  if [[ ${tokens//[[:space:]]/} == *"\"host\":\"$host\""* ]]; then
    cis490 receive token revoke "$host"
  fi
  while read -r base; do
    found=yes
    easyrsa revoke "$base" superseded
  done < <(valid_bases "$host")
  write_revoked
  rm -rf "${ca:?}/hosts/$host"
  if [[ -n $found ]]; then
    say "$host's certificates are revoked"
    reload_caddy
  else
    say "$host has no certificate that is valid"
  fi
}

do_list() {
  local state expires serial name word
  printf '%-9s  %-10s  %-32s  %s\n' STATE EXPIRES NAME SERIAL
  while IFS=$'\t' read -r state expires _ serial _ name; do
    case $state in
      V) word=valid; [[ $(date -u +%y%m%d%H%M%SZ) < $expires ]] || word=expired ;;
      R) word=revoked ;;
      *) word=expired ;;
    esac
    # Of the two forms of time in openssl-ca(1)'s index, leaves of this century have the short one.
    printf '%-9s  20%s-%s-%s  %-32s  %s\n' \
      "$word" "${expires:0:2}" "${expires:2:2}" "${expires:4:2}" "${name#*CN=}" "$serial"
  done < <(sed 's/\t\t/\t-\t/' "$ca/index.txt")
}

# --- certificates ---

# issue KIND BASE COMMON-NAME [OPTION...]: a key of its own and a leaf, called BASE in the authority.
issue() {
  local kind=$1 base=$2 name=$3
  shift 3
  easyrsa --req-cn="$name" gen-req "$base" nopass
  easyrsa --days=$LEAF_DAYS "$@" sign-req "$kind" "$base"
}

# issue_for HOST DIR: a leaf for HOST, laid out in DIR as it has to lie there.
issue_for() {
  local host=$1 base target=$2/etc/cis490/pki
  base=$(free_base "$host")
  issue client "$base" "$host"
  mkdir -p "$target"
  install -m 0640 "$ca/private/$base.key" "$target/client.key"
  install -m 0644 "$ca/issued/$base.crt" "$target/client.crt"
  install -m 0644 "$ca/ca.crt" "$target/ca.crt"
}

# The first name of the form NAME.N that was not given yet: a name has many certificates in the course of time, and
# easy-rsa calls each by a name of its own, which it moves away when it revokes one. So bases has all of them.
free_base() {
  local n=1
  while grep -Fxqs -- "$1.$n" "$ca/bases"; do n=$((n + 1)); done
  printf '%s.%s\n' "$1" "$n" | tee -a "$ca/bases"
}

# The leaves of HOST that are valid still, by what the authority calls them.
valid_bases() {
  local file
  for file in "$ca/issued/$1".*.crt; do
    [[ -f $file && ${file##*/} =~ ^"$1"\.[0-9]+\.crt$ ]] || continue
    basename "$file" .crt
  done
}

# Caddy has no certificate revocation lists: the Caddyfile imports the fingerprints of what was revoked.
write_revoked() {
  local file prints=''
  for file in "$ca"/revoked/certs_by_serial/*.crt; do
    [[ -f $file ]] || continue
    prints+=", \"$(openssl x509 -in "$file" -outform DER | sha256sum | cut -d' ' -f1)\""
  done
  ensure_directory "$pki"
  local new=$pki/.revoked.new
  if [[ -n $prints ]]; then
    cat >"$new" <<END
# Written by install/pki.sh: SHA-256 fingerprints of the certificates that it revoked.
@cis490_revoked expression {http.request.tls.client.fingerprint} in [${prints#, }]
header @cis490_revoked Content-Type application/problem+json
respond @cis490_revoked \`{"type":"/problems/unauthorized","title":"The certificate was revoked","status":401,"detail":"this host's certificate was revoked","remediation":"sudo /opt/cis490/install/pki.sh enroll HOST, on the receiver's machine, makes a new one"}\` 401
END
  else
    printf '# Written by install/pki.sh: no certificate was revoked.\n' >"$new"
  fi
  place 0640 cis490 "$new" "$pki/revoked.caddy"
  rm -f "$new"
}

# --- places and rights ---

ensure_directory() {
  [[ -d $1 ]] && return
  mkdir -p "$1"
  chmod 0750 "$1"
  give "$1" cis490
}

# place MODE GROUP FROM TO: replaces TO as a whole.
place() {
  install -m "$1" "$3" "$4.new"
  give "$4.new" "$2"
  mv -f "$4.new" "$4"
}

# To root and a group, if this is root and there is such a group.
give() {
  ((EUID == 0)) || return 0
  if getent group "$2" >/dev/null; then chown "root:$2" "$1"; else chown root:root "$1"; fi
}

# Of two at once neither may take the other's serial number.
lock() {
  mkdir -p "$ca" || fail "$ca can't be made: run this as root"
  exec 9>"$ca/.lock" || fail "$ca can't be written: run this as root"
  flock -n 9 || fail "another pki.sh is at work on $ca"
}

reload_caddy() {
  if systemctl is-active --quiet caddy 2>/dev/null; then
    systemctl reload caddy
    say "caddy was reloaded"
  else
    say "caddy does not run here; once it does, it takes this up by: systemctl reload caddy"
  fi
}

# --- words ---

url_of_receiver() {
  local name
  name=$(openssl x509 -in "$pki/server.crt" -noout -ext subjectAltName |
    sed -n '2s/^ *\(DNS:\|IP Address:\)\([^,]*\).*/\2/p')
  if [[ $name == *:* ]]; then name="[$name]"; fi
  printf 'https://%s:8443\n' "${name:?no name in $pki/server.crt}"
}

say_how_to_bring() {
  local files
  files=$(cd "$ca/hosts/$1" && find . -type f -printf '%P ' | sort)
  cat >&2 <<END
  tar -C $ca/hosts/$1 --owner=root:0 --group=cis490:0 -c ${files% } | ssh $1 sudo tar -C / -xp --backup=numbered
(a file that is there already is kept beside the new one, as NAME.~1~), and there:
  cis490 ping
END
}

end_of() {
  date -u -d "$(openssl x509 -in "$1" -noout -enddate | cut -d= -f2)" +%F
}

# What easy-rsa says is shown only when it fails.
easyrsa() {
  local said
  said=$("$EASYRSA_PROGRAM" "$@" 2>&1 </dev/null) && return
  printf '%s\n' "$said" >&2
  fail "easy-rsa $1 failed; what it said stands above"
}

check_host() {
  [[ $1 =~ ^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$ ]] ||
    misused "$1 is no host: 1 to 64 of A-Z a-z 0-9 . _ - and the first of them a letter or a digit"
}

check_name() {
  is_address "$1" || [[ $1 =~ ^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$ ]] ||
    misused "$1 is neither a name nor an address"
}

is_address() {
  [[ $1 =~ ^[0-9]+(\.[0-9]+){3}$ || $1 == *:* ]]
}

value_of() {
  (($# > 1)) || misused "$1 needs a value"
  printf '%s\n' "$2"
}

say() { printf '%s\n' "$*" >&2; }
fail() { printf 'pki.sh: %s\n' "$*" >&2; exit 1; }
misused() { printf 'pki.sh: %s\nTry: pki.sh --help\n' "$*" >&2; exit 2; }

main "$@"
