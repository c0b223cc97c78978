/**
 * What the tests of the installers have in common: a repository with two versions of this tree, and hosts that can clone
 * it, and build its binary or are given it.
 */
import { LAB } from "../systemd/can_boot.ts";
import { type Host, must } from "../systemd/lab.ts";

const ROOT = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");

/** One commit of the repository. */
export interface Version {
  readonly version: string;
  readonly commit: string;
}

/** A repository as a forge has it, whose `main` is at {@link Site.old} until {@link publish}. */
export interface Site extends AsyncDisposable {
  readonly directory: string;
  readonly old: Version;
  readonly next: Version;
}

/** What a test needs that boots hosts and installs on them. */
export const SITE_NEEDS = {
  ...LAB,
  commands: [...LAB.commands ?? [], "git", "sudo", "setfacl", "curl"],
};

/** Where hosts find the repository, and binaries by commit. */
export const REMOTE = "/srv/git/cis490.git";
const BINARIES = "/srv/binaries";
export const TREE = "/opt/cis490";
/** A person with an account on the hosts, who may sudo. */
export const OPERATOR = "labop";

/** Commits what is in this tree now, and once more with another version. */
export async function makeSite(): Promise<Site> {
  const directory = await Deno.makeTempDir({ prefix: "cis490-site-" });
  const work = `${directory}/work`;
  try {
    await copyTree(work);
    const old = await commitVersion(work, "0.1.0", "echo '{\"code_version\":{}}'");
    const next = await commitVersion(
      work,
      "9.9.9",
      `printf '{"code_version":{"commit":"%s"}}' "$(git -c safe.directory=* -C ${TREE} rev-parse HEAD)"`,
      NEWS,
    );
    await must("git", ["clone", "-q", "--bare", work, `${directory}/cis490.git`]);
    await must("git", ["-C", `${directory}/cis490.git`, "branch", "-f", "next", next.commit]);
    await must("git", ["-C", `${directory}/cis490.git`, "branch", "-f", "main", old.commit]);
    return {
      directory,
      old,
      next,
      [Symbol.asyncDispose]: () => Deno.remove(directory, { recursive: true }),
    };
  } catch (error) {
    await Deno.remove(directory, { recursive: true });
    throw error;
  }
}

/** What is in this tree, committed or not, in a repository of its own, not committed there. */
export async function copyTree(directory: string): Promise<void> {
  await must("bash", ["-c", COPY, "copy", ROOT, directory]);
}

const COPY = `
set -eu
mkdir -p "$2"
cd "$1"
git -c safe.directory="$1" ls-files -z --cached --others --exclude-standard |
  while IFS= read -r -d '' file; do [ ! -e "$file" ] || printf '%s\\0' "$file"; done |
  tar --null -T - -c | tar -C "$2" -x
git -C "$2" init -q -b main
`;

/** What an upgrade brings besides a new binary. */
const NEWS = `
  sed -i 's/^Description=cis490 shipper:/& newly/' systemd/cis490-shipper.service
  printf '\\n[newly]\\n#key = 1\\n' >> install/lab-host.toml.example`;

/** A version of it, with a lab's program that writes the stamp of an episode in this way. */
async function commitVersion(
  work: string,
  version: string,
  stamp: string,
  news = "",
): Promise<Version> {
  const line = `
    set -eu
    cd "$1"
    sed -i 's/^  "version": ".*",$/  "version": "'"$2"'",/' deno.json
    mkdir -p orchestrator
    printf '#!/bin/sh\\n# Says how this version stamps episodes.\\n%s\\n' "$3" > orchestrator/stamp
    chmod 755 orchestrator/stamp
    ${news}
    git add -A
    git -c user.name=lab -c user.email=lab@localhost commit -q -m "version $2"
    git rev-parse HEAD`;
  const { stdout } = await must("bash", ["-c", line, "commit", work, version, stamp]);
  return { version, commit: stdout.trim() };
}

/** Builds a version and gives the host the binary; returns where it is there. Takes about 2 s. */
export async function bringBinary(host: Host, site: Site, { commit }: Version): Promise<string> {
  const line = `
    set -eu
    cd "$1/work"
    git checkout -q "$2"
    "$3" run -A --frozen=false tools/build.ts
    mkdir -p "../$2"
    cp dist/cis490 "../$2"`;
  await must("bash", ["-c", line, "build", site.directory, commit, Deno.execPath()]);
  await host.put(`${site.directory}/${commit}/cis490`, `${BINARIES}/${commit}`);
  return `${BINARIES}/${commit}/cis490`;
}

/** Gives a host the repository, the binaries, and an operator who may sudo. */
export async function equip(host: Host, site: Site): Promise<void> {
  await host.put(`${site.directory}/cis490.git`, "/srv/git");
  await host.run(`
    set -e
    useradd --create-home --user-group --shell /bin/bash labop
    printf 'labop ALL=(ALL) NOPASSWD: ALL\\n' > /etc/sudoers.d/labop
    # What is installed is what there is: no network, nothing newer.
    rm -rf /var/lib/apt/lists/*
    # It stands for a forge, which serves whoever asks.
    git config --system --add safe.directory ${REMOTE}
    git config --system url.${REMOTE}.insteadOf https://git.example.org/lab/cis490.git
  `);
}

/** The forge gets the next version. */
export async function publish(host: Host, site: Site): Promise<void> {
  await host.run(["git", "-C", REMOTE, "update-ref", "refs/heads/main", site.next.commit]);
}

/** Where a host without a network has what it needs to build: as if it had built before. */
export async function bringDeno(host: Host): Promise<void> {
  const denort = await must(Deno.execPath(), ["run", "-A", `${ROOT}/tools/denort.ts`]);
  const info = await must(Deno.execPath(), ["info", "--json"]);
  const { denoDir } = JSON.parse(info.stdout);
  await host.write(
    "/usr/local/bin/deno",
    `#!/bin/sh
export DENO_DIR='${denoDir}' DENORT_BIN='${denort.stdout.trim()}'
exec '${Deno.execPath()}' "$@"
`,
    0o755,
  );
}

/** The operator of `from` may log in to `to` by ssh, which is called `name` there. */
export async function letIn(from: Host, to: Host, name: string): Promise<void> {
  const { stdout: key } = await from.run(`
    set -e
    echo '10.77.0.1 ${name}' >> /etc/hosts
    printf 'Host *\nStrictHostKeyChecking accept-new\nLogLevel ERROR\n' > /etc/ssh/ssh_config.d/lab.conf
    runuser -l ${OPERATOR} -c 'ssh-keygen -q -t ed25519 -N "" -f ~/.ssh/id_ed25519' >&2
    cat ~${OPERATOR}/.ssh/id_ed25519.pub`);
  await to.write(`/home/${OPERATOR}/.ssh/authorized_keys`, key, 0o644);
  await to.run(`
    set -e
    chown -R ${OPERATOR}: ~${OPERATOR}/.ssh
    ssh-keygen -A
    systemctl start ssh`);
}
