/** Where nothing can be changed, each command says so in a line, before it has changed anything. */
import assert from "node:assert/strict";
import { BINARY } from "../e2e/lab.ts";
import { needs } from "../skip.ts";
import { snapshot } from "./snapshot.ts";

const COMMANDS = [
  ["quarantine-unstamped"],
  ["quarantine", "add", "queued"],
  ["quarantine", "retry", "shelved"],
  ["quarantine", "retry", "--all"],
  ["quarantine", "remove", "shelved", "--yes"],
];

/** What is run in place of the command: `"$@"` is the command. */
type Around = readonly string[];

const PLAIN: Around = ["bash", "-c", 'exec "$@"', "bash"];
const NOBODY: Around = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"];
/** In a mount namespace of its own, with `$DATA` read-only. */
const READ_ONLY: Around = [
  ...["unshare", "--mount", "bash", "-ec"],
  'mount --bind "$DATA" "$DATA"; mount -o remount,bind,ro "$DATA"; exec "$@"',
  "bash",
];
/** With a file system of its own at quarantine/. */
const SPLIT: Around = [
  ...["unshare", "--mount", "bash", "-ec"],
  'mount -t tmpfs none "$DATA/quarantine"; exec "$@"',
  "bash",
];

/** A data directory with an episode in the queue and one in quarantine, which anybody may read. */
async function makeData(): Promise<{ readonly root: string; readonly data: string }> {
  const root = await Deno.makeTempDir({ prefix: "cis490-refusals-" });
  await Deno.chmod(root, 0o755);
  const data = `${root}/data`;
  for (const directory of ["episodes/queued", "episodes/shelved", "outbox", ".locks"]) {
    await Deno.mkdir(`${data}/${directory}`, { recursive: true, mode: 0o755 });
  }
  for (const id of ["queued", "shelved"]) {
    await Deno.writeTextFile(`${data}/episodes/${id}/meta.json`, "{}");
  }
  await Deno.mkdir(`${data}/quarantine/shelved`, { recursive: true });
  await Deno.rename(`${data}/episodes/shelved`, `${data}/quarantine/shelved/episode`);
  await Deno.writeTextFile(`${data}/quarantine/shelved/quarantine_reason.json`, "{}");
  return { root, data };
}

interface Case {
  readonly change: (data: string) => Promise<void> | void;
  readonly around: Around;
  readonly code: number;
  readonly words: RegExp;
}

async function refuses({ change, around, code, words }: Case): Promise<void> {
  const { root, data } = await makeData();
  try {
    await change(data);
    const program = around === NOBODY ? `${root}/cis490` : BINARY;
    // Where the tests lie not everybody may go.
    if (program !== BINARY) await Deno.copyFile(BINARY, program);
    const before = await snapshot(root);
    for (const command of COMMANDS) {
      const [name = "", ...args] = [...around, program, ...command, "--data-dir", data];
      const { code: ended, stdout, stderr } = await new Deno.Command(name, {
        args,
        env: { DATA: data, HOME: root },
        stdin: "null",
      }).output();
      const said = new TextDecoder().decode(stderr);
      assert.equal(ended, code, `${command.join(" ")}: ${said}`);
      assert.match(said, words, command.join(" "));
      assert.doesNotMatch(said, /bug in cis490/);
      assert.equal(new TextDecoder().decode(stdout), "");
      assert.equal(await snapshot(root), before, command.join(" "));
    }
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

const same = () => {};
const withLink = (name: string) => async (data: string) => {
  await Deno.rename(`${data}/${name}`, `${data}/${name}-elsewhere`);
  await Deno.symlink(`${name}-elsewhere`, `${data}/${name}`);
};

Deno.test("a data directory that is not there, or holds no queue, is a mistake of the caller's", async () => {
  const remove = (path: string) => (data: string) =>
    Deno.remove(`${data}${path}`, { recursive: true });
  const around = PLAIN;
  await refuses({ change: remove(""), around, code: 2, words: /there is no directory .*data\n/ });
  const words = /has no episodes\/, so it is no data directory/;
  await refuses({ change: remove("/episodes"), around, code: 2, words });
});

Deno.test("an episodes/ that is a link is not followed, nor is a quarantine/", async () => {
  const episodes = /episodes is a symlink, not a directory/;
  await refuses({ change: withLink("episodes"), around: PLAIN, code: 2, words: episodes });
  const quarantine =
    /quarantine is a symlink; no episode could be moved there in one step; make it/;
  await refuses({ change: withLink("quarantine"), around: PLAIN, code: 1, words: quarantine });
});

Deno.test({
  ...needs("another user is told to be root, or the owner", {
    commands: ["setpriv"],
    root: true,
  }),
  async fn() {
    const words = /this user may not change .*; nothing was changed; run it as root/;
    await refuses({ change: same, around: NOBODY, code: 1, words });
    const closed = (data: string) => Deno.chmod(data, 0o700);
    await refuses({ change: closed, around: NOBODY, code: 1, words: /EACCES; .*run it as root/ });
  },
});

const MOUNTS = {
  commands: ["unshare"],
  root: true,
  kernel: {
    feature: "mount namespaces",
    present: () => new Deno.Command("unshare", { args: ["--mount", "true"] }).outputSync().success,
  },
};

Deno.test({
  ...needs("a read-only disk is named", MOUNTS),
  async fn() {
    const words = /is on a read-only file system; nothing was changed; findmnt -T/;
    await refuses({ change: same, around: READ_ONLY, code: 1, words });
  },
});

Deno.test({
  ...needs("a quarantine/ on another file system is named", MOUNTS),
  async fn() {
    const words = /quarantine is on another file system; no episode could be moved there/;
    await refuses({ change: same, around: SPLIT, code: 1, words });
  },
});

Deno.test("what may be changed is: the cases above are refused for their reason alone", async () => {
  const { root, data } = await makeData();
  try {
    const retry = ["quarantine", "retry", "shelved", "--data-dir", data];
    const { code } = await new Deno.Command(BINARY, { args: retry, stdin: "null" }).output();
    assert.equal(code, 0);
    assert.ok((await Deno.stat(`${data}/episodes/shelved`)).isDirectory);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
