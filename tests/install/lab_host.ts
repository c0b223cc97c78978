/** A lab host of one's own, two clones of the repository on it, and what an installation is judged by. */
import assert from "node:assert/strict";
import { bootHost, type Host } from "../systemd/lab.ts";
import { until } from "../systemd/installed.ts";
import { bringBinary, equip, makeSite, OPERATOR, REMOTE, TREE, type Version } from "./site.ts";

/** A version with a clone that is at it, not in {@link TREE}, and its binary. */
export interface Source extends Version {
  readonly clone: string;
  readonly binary: string;
}

export interface LabHost extends AsyncDisposable {
  readonly host: Host;
  readonly old: Source;
  readonly next: Source;
}

/** A bare host that has both versions lying about. Takes about 10 s. */
export async function bootLabHost(): Promise<LabHost> {
  await using stack = new AsyncDisposableStack();
  const site = stack.use(await makeSite());
  const host = await bootHost({ name: "lab", diskMb: 4000 });
  try {
    await equip(host, site);
    const bring = async (version: Version): Promise<Source> => {
      const clone = `/home/${OPERATOR}/${version.version}`;
      const binary = await bringBinary(host, site, version);
      await host.run(
        `runuser -u ${OPERATOR} -- git clone -q ${REMOTE} ${clone} && ` +
          `runuser -u ${OPERATOR} -- git -C ${clone} reset -q --hard ${version.commit}`,
      );
      return { ...version, clone, binary };
    };
    const old = await bring(site.old);
    const next = await bring(site.next);
    return { host, old, next, [Symbol.asyncDispose]: () => host[Symbol.asyncDispose]() };
  } catch (error) {
    await host[Symbol.asyncDispose]();
    throw error;
  }
}

/** What an installer said, both streams, and how it ended. */
export interface Told {
  readonly code: number;
  readonly words: string;
}

/** Runs a line with installers in it, as root and as a person would: from nowhere in particular. */
export async function tell(host: Host, line: string): Promise<Told> {
  const said = await host.run(`cd / && { ${line}; } 2>&1`, { anyCode: true });
  return { code: said.code, words: said.stdout };
}

/** The same, which has to succeed. */
export async function install(host: Host, line: string): Promise<string> {
  const { code, words } = await tell(host, line);
  assert.equal(code, 0, `${line}\n${words}`);
  return words;
}

/** A configuration, and three episodes for a receiver that is away: then enabled, as docs/bring-up.md has it. */
export async function enableShipper(host: Host): Promise<void> {
  await host.write(
    "/etc/cis490/lab-host.toml",
    'host_id = "lab-host-01"\n[receiver]\nurl = "https://pi:8443"\n[queue]\nmin_free_mb = 16\n',
    0o640,
  );
  await host.run(`
    set -e
    chgrp cis490 /etc/cis490/lab-host.toml
    cd /var/lib/cis490/recording
    for id in one two three; do
      mkdir $id
      echo '{"code_version":{"commit":"${"a".repeat(40)}"}}' > $id/meta.json
      head -c 100K /dev/urandom > $id/telemetry
      mv $id ../episodes
    done
    systemctl enable --quiet --now cis490-shipper`);
}

const PLACES = "/opt/cis490 /usr/bin/cis490 /usr/lib/cis490 /usr/local/lib /etc/cis490 " +
  "/etc/systemd/system /etc/passwd /etc/group /var/lib/cis490/episodes /var/lib/cis490/recording";

/** Both are the same; if not, it throws the lines in which they differ. */
export function assertSame(now: string, before: string, words = ""): void {
  if (now === before) return;
  const lines = (text: string) => new Set(text.split("\n"));
  const [former, latter] = [lines(before), lines(now)];
  const gone = [...former.difference(latter)].map((line) => `- ${line}`);
  const came = [...latter.difference(former)].map((line) => `+ ${line}`);
  assert.fail([...gone, ...came, words].join("\n"));
}

/** All that an installer is responsible for: names, owners, modes, access lists, and when each was last touched. */
export function snapshot(host: Host): Promise<string> {
  return list(host, "%p %y %u:%g %m %C@ %l");
}

/** What an installation comes to, whatever way it took: the same without the times, but with what is in the files. */
export async function outcome(host: Host): Promise<string> {
  const { stdout } = await host.run(`
    # Whether systemd knows the units as they are.
    systemctl show --property NeedDaemonReload cis490-shipper
    git -c safe.directory=* -C ${TREE} rev-parse HEAD
    git -c safe.directory=* -C ${TREE} status --porcelain
    find ${PLACES} -path ${TREE}/.git -prune -o -path '*/previous-*' -prune -o -type f -exec sha256sum {} + | sort`);
  return stdout + await list(host, "%p %y %u:%g %m %l");
}

async function list(host: Host, format: string): Promise<string> {
  const { stdout } = await host.run(`
    find ${PLACES} \\( -path ${TREE}/.git -o -path '*/previous-*' \\) -prune -o -printf '${format}\\n' 2>/dev/null | sort
    getfacl -p /var/lib/cis490 /var/lib/cis490/{episodes,recording} 2>/dev/null || :`);
  return stdout;
}

/** One start of a unit has one invocation id (systemd.exec(5)). */
export async function invocation(host: Host, unit = "cis490-shipper"): Promise<string> {
  return (await host.run(["systemctl", "show", "--value", "-p", "InvocationID", unit])).stdout;
}

/** The version that runs, by its own words. */
export async function runningVersion(host: Host): Promise<string> {
  const file = "/run/cis490-shipper/status.json";
  // Of this process, not of the one before it.
  await until(
    host,
    20,
    `grep -F "\\"pid\\": $(systemctl show --value -p MainPID cis490-shipper)" ${file}`,
  );
  const { version } = JSON.parse((await host.run(["cat", file])).stdout);
  return `${version}`;
}

/** What waits and what is quarantined, byte for byte. */
export async function queue(host: Host): Promise<string> {
  const { stdout } = await host.run(`
    cd /var/lib/cis490
    find episodes quarantine -type f -exec sha256sum {} + 2>/dev/null | sort`);
  return stdout;
}
