/** Kills an installer before any one of the commands by which it changes something. */
import type { Host } from "../systemd/lab.ts";

const SHIMS = "/srv/shims";

const COMMANDS = [
  ...["chmod", "chown", "cp", "find", "git", "mkdir", "mktemp", "mv", "rm", "setpriv", "sync"],
  ...["systemctl", "systemd-sysusers", "systemd-tmpfiles"],
];

/**
 * Stands in the place of each of these commands, counts those that change something, and before number `at`, or the one that looks
 * like it, kills the installer with all that it started. A copy is killed in its middle.
 */
const SHIM = `#!/bin/bash
name=\${0##*/}
PATH=\${PATH#${SHIMS}:}
case "$name $*" in
git*' rev-parse '* | git*' status '* | git*' symbolic-ref '* | git*' get-url '*) ;;
systemctl*' show '* | 'systemctl show '* | 'systemctl is-enabled '*) ;;
find*' -print '* | find*-print0 | find*' -print -quit' | find*' -quit') ;;
*)
  read -r count < ${SHIMS}/count
  echo $((count + 1)) > ${SHIMS}/count
  at=$(< ${SHIMS}/at)
  if [[ $((count + 1)) == "$at" || "$name $*" == $at ]]; then
    if [[ $name == cp && $1 == -- ]]; then head -c 5000 "$2" > "$3"; fi
    echo "$name $*" > ${SHIMS}/killed
    kill -KILL -- "-$(< ${SHIMS}/group)"
  fi
  ;;
esac
exec "$name" "$@"
`;

/** Where a run was killed: the command that it did not come to, or `undefined` when it ended before that. */
export type Killed = string | undefined;

export async function putShims(host: Host): Promise<void> {
  await host.write(`${SHIMS}/shim`, SHIM, 0o755);
  await host.run(`cd ${SHIMS} && for name in ${COMMANDS.join(" ")}; do ln -s shim $name; done`);
}

/**
 * Runs an installer, and kills it before its change number `at`, from 1, or before the first command of that pattern
 * (bash(1), Pattern Matching). Throws when it fails of itself.
 */
export async function killAt(host: Host, line: string, at: number | string): Promise<Killed> {
  const { code, stdout, stderr } = await host.run(
    `
    cd ${SHIMS}
    echo 0 > count; echo '${at}' > at; rm -f killed
    PATH=${SHIMS}:$PATH setsid --wait bash -c 'echo $$ > ${SHIMS}/group; exec ${line}' > told 2>&1
    code=$?
    cat killed 2>/dev/null || { cat told >&2; exit $code; }`,
    { anyCode: true },
  );
  if (stdout !== "") return stdout.trim();
  if (code !== 0) throw new Error(`${line}: exit ${code}\n${stderr}`);
  return undefined;
}
