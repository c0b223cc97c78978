# shellcheck shell=bash disable=SC2034,SC2153,SC2154 # as in lib.sh
# The steps that bring the repository to /opt/cis490, and the binary to its place.

# Without anybody's hooks, in a tree that may be another user's, and without leaving files of root's there only by looking.
# Command-line settings do not reach the other end of a fetch, which is why this is a file (git-config(1), safe.directory).
git_in() {
  GIT_CONFIG_GLOBAL=$source/install/root.gitconfig GIT_CONFIG_NOSYSTEM=1 GIT_OPTIONAL_LOCKS=0 git -C "$@"
}

sync_tree() {
  local commit
  commit=$(git_in "$source" rev-parse --verify --quiet HEAD 2>/dev/null) ||
    die "$source is no git checkout, so nobody could tell which version it is" "git clone its repository to $TREE, and run $TREE/install/$program"
  if [[ $source -ef $TREE ]]; then
    found "$TREE is this tree, at ${commit:0:12}"
  else
    if [[ $(git_in "$source" status --porcelain --untracked-files=no) ]]; then
      note "what is not committed in $source is not installed"
    fi
    if is_whole_tree && [[ $(git_in "$TREE" rev-parse HEAD) == "$commit" ]]; then
      found "$TREE is at ${commit:0:12} too"
    else
      refuse_changes
      act "$TREE, at ${commit:0:12}" copy_tree "$commit"
    fi
  fi
  own_tree
  half_synced=''
  if [[ ! $dry_run ]]; then from=$TREE; fi
}

# Whether there is a checkout that no run of this left half-way.
is_whole_tree() {
  [[ -e $TREE/.git && ! -e $TREE/.git/cis490-unfinished ]] && git_in "$TREE" rev-parse --verify --quiet HEAD >/dev/null
}

# What was changed in the tree by hand must not be lost.
refuse_changes() {
  is_whole_tree || return 0
  local changes
  changes=$(git_in "$TREE" status --porcelain --untracked-files=no)
  [[ -z $changes ]] ||
    die "$TREE was changed by hand; keep that (git -C $TREE stash), or drop it (git -C $TREE checkout .), then run again:" "$changes"
}

# Files that git does not track, like the lab's own, stay: git refuses to overwrite one. What is no checkout yet, or half of
# one, is overwritten.
copy_tree() {
  local branch former='' force=--force
  branch=$(git_in "$source" symbolic-ref --quiet --short HEAD) || branch=main
  if is_whole_tree; then
    force=''
    former=$(git_in "$TREE" rev-parse HEAD)
  fi
  half_synced=yes
  mkdir -p -- "$TREE"
  # An init that was interrupted is done again; one that was done changes nothing.
  git_in "$TREE" -c init.defaultBranch="$branch" init --quiet
  rm -f -- "$TREE/.git/index.lock"
  git_in "$TREE" fetch --quiet --no-tags --update-shallow "$source" +HEAD:refs/cis490/installed
  # From here to its removal, what differs is our own doing.
  if [[ $force ]]; then : >"$TREE/.git/cis490-unfinished"; fi
  if ! git_in "$TREE" checkout --quiet ${force:+"$force"} -B "$branch" "$1"; then
    die "$TREE stays at ${former:-no version}; what git says stands above"
  fi
  if ! git_in "$TREE" remote get-url origin >/dev/null 2>&1; then
    git_in "$TREE" remote add origin "$(git_in "$source" remote get-url origin 2>/dev/null || printf '%s' "$source")"
    git_in "$TREE" config "branch.$branch.remote" origin
    git_in "$TREE" config "branch.$branch.merge" "refs/heads/$branch"
  fi
  rm -f -- "$TREE/.git/cis490-unfinished"
  if [[ $former ]]; then note "it was at $former"; fi
}

# The tree belongs to who pulls there, so that `git pull` needs no root; never to a user of the daemons, since root runs
# what is in it. A sudo git pull leaves files of root's: they are given back.
own_tree() {
  local owner='' uid=0 group tree
  if [[ -e $TREE ]]; then uid=$(stat -L -c %u -- "$TREE"); fi
  if [[ $given_owner ]]; then
    owner=$given_owner
  elif ((uid >= 1000 && uid < 60000)); then
    owner=$(stat -L -c %U -- "$TREE")
  else
    owner=${SUDO_USER:-root}
  fi
  group=$(id -gn -- "$owner") || die "$TREE belongs to user id $uid, which this machine does not know: run it with --owner USER"
  tree=$(readlink -f -- "$TREE")
  local -a others=("$tree" '(' ! -user "$owner" -o ! -group "$group" ')')
  if [[ -e $tree && -z $(find "${others[@]}" -print -quit) ]]; then
    found "$TREE belongs to $owner"
  else
    act "$TREE given to $owner" find "${others[@]}" -exec chown -h -- "$owner:$group" {} +
  fi
}

# -- the binary ---------------------------------------------------------------------------------------------------------

# field FILE NAME: of what the binary FILE says of itself; empty when it does not run.
field() { { timeout 20 "$1" version --json 2>/dev/null || :; } | sed -n "s/^ *\"$2\": \"\(.*\)\",\{0,1\}$/\1/p"; }

# why_not FILE: what it says instead of running.
why_not() { { timeout 20 "$1" version || :; } 2>&1 | head -n 3; }

# need_given_binary: the file that --binary names must run here.
need_given_binary() {
  [[ ! $given_binary || $(field "$given_binary" version) ]] ||
    problems+=("$given_binary does not run here, on $(uname -m): $(why_not "$given_binary")")
}

place_binary() {
  local commit version candidate
  if of_package "$BINARY"; then return; fi
  commit=$(git_in "$source" rev-parse HEAD)
  if [[ ! $dry_run ]]; then remove_leftovers "$(dirname -- "$BINARY")"; fi
  if [[ $given_binary ]]; then
    candidate=$given_binary
  elif [[ $(field "$BINARY" commit) == "$commit" ]]; then
    found "$BINARY is of ${commit:0:12}"
    return
  elif [[ $(field "$source/dist/cis490" commit) == "$commit" ]]; then
    candidate=$source/dist/cis490
  else
    act "built of ${commit:0:12}" build
    if [[ $dry_run ]]; then return; fi
    candidate=$TREE/dist/cis490
  fi
  version=$(field "$candidate" version)
  [[ $version ]] || die "$candidate does not run here, so it is not installed: $(why_not "$candidate")"
  note "$candidate is version $version, $(field "$candidate" commit)"
  place "$candidate" "$BINARY" 755
}

build() {
  (cd "$TREE" && ./denow task --quiet build) >&2 ||
    die "no binary could be built; what is wrong stands above" "where there is no network, give one that was built elsewhere: $0 --binary FILE"
  # What root built is the tree's owner's.
  chown -R --reference="$TREE/" -- "$TREE/dist"
}
