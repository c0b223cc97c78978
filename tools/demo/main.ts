/**
 * `./denow task demo`: the main job, once, with the compiled binary: three real recordings travel from a lab
 * host to a receiver on loopback. Everything lies in one temporary folder, which is kept for a look around.
 */
import { createLabRepository } from "./lab_repository.ts";
import { recordEpisode, type Recording } from "./record.ts";
import { run, show, startReceiver } from "./processes.ts";
import { type Check, checkArrived } from "./check_arrived.ts";
import { table } from "./table.ts";

const HOST = "demo-host";
const binary = await Deno.realPath(new URL("../../dist/cis490", import.meta.url));

const root = await Deno.makeTempDir({ prefix: "cis490-demo-" });
const dataDir = `${root}/lab-host/data`;
const storeDir = `${root}/receiver/store`;
await Deno.mkdir(`${dataDir}/episodes`, { recursive: true });
await Deno.mkdir(storeDir, { recursive: true });

say("1. The lab's code: a git repository, whose newest commit stamps what it records");
const commit = await createLabRepository(`${root}/lab-code`);
console.log(`   ${root}/lab-code at ${commit}`);

say("2. Three recordings of real programs");
const programs = [
  { name: "gzip", command: ["gzip", "-c", binary], limitMs: 2500 },
  { name: "find", command: ["find", "/usr/share", "-type", "f", "-size", "+100k"], limitMs: 2500 },
  { name: "sha256sum", command: ["sha256sum", binary], limitMs: 2500 },
];
const recordings: Recording[] = [];
for (const program of programs) {
  const recording = await recordEpisode(program, { root, dataDir, host: HOST, commit });
  console.log(
    `   ${recording.id}: ${recording.samples} samples of /proc/${recording.pid}` +
      (recording.systemCalls === undefined
        ? " (no system-call log: strace is not here or may not trace)"
        : `, ${recording.systemCalls} lines of system calls`),
  );
  recordings.push(recording);
}

say("3. The receiver, on loopback");
const port = freePort();
const receiverConfig = `${root}/receiver/receiver.toml`;
await Deno.writeTextFile(
  receiverConfig,
  `listen = "127.0.0.1:${port}"
store_dir = "${storeDir}"
tokens_file = "${root}/receiver/tokens.toml"
proxy_identity = false      # no proxy here: the token alone tells the host

[window]
local_repo_path = "${root}/lab-code"

[limits]
min_free_mb = 16
`,
);
const labHostConfig = `${root}/lab-host/lab-host.toml`;
await Deno.writeTextFile(
  labHostConfig,
  `host_id = "${HOST}"
data_dir = "${dataDir}"

[receiver]
url = "http://127.0.0.1:${port}"
token_file = "${root}/lab-host/token"

[queue]
settle_s = 0                # the recordings above were moved into place whole
min_free_mb = 16
`,
);
const token = await run(binary, ["receive", "token", "add", HOST, "--config", receiverConfig]);
await Deno.writeTextFile(`${root}/lab-host/token`, token.stdout, { mode: 0o600 });
const receiver = await startReceiver(binary, receiverConfig, port, `${root}/receiver/log`);

let secondPass: string;
try {
  say("4. Is the way free?");
  await show(binary, ["ping", "--config", labHostConfig]);

  say("5. Ship");
  await show(binary, ["ship", "--once", "--config", labHostConfig]);

  say("6. Ship again: nothing is sent twice");
  secondPass = await show(binary, ["ship", "--once", "--config", labHostConfig]);
} finally {
  await receiver.stop();
}

say("7. What arrived, by plain tar, zstd and sha256sum");
const checks: Check[] = [];
for (const recording of recordings) {
  checks.push(
    await checkArrived(recording.id, {
      original: `${dataDir}/shipped/${recording.id}/episode`,
      archive: `${storeDir}/episodes/${HOST}/${recording.id}.tar.zst`,
      receipt: `${dataDir}/shipped/${recording.id}/receipt.json`,
      scratch: `${root}/unpacked`,
    }),
  );
}
console.log(table(
  ["episode", "archive", "episode digest", "same tree", "same digest"],
  checks.map(
    (check) => [
      check.id,
      `${check.archiveBytes} B`,
      `${check.digest.slice(0, 16)}…`,
      check.sameTree ? "yes" : "NO",
      check.sameDigest ? "yes" : "NO",
    ],
  ),
));

console.log(`
   recordings, shipped   ${dataDir}/shipped
   archives, receipts    ${storeDir}/episodes/${HOST}
   unpacked              ${root}/unpacked
   configurations        ${labHostConfig}
                         ${receiverConfig}
   receiver's log        ${root}/receiver/log
   when you have seen it: rm -r ${root}
`);

const good = checks.every((check) => check.sameTree && check.sameDigest) &&
  secondPass.includes("shipped 0");
console.log(good ? "demo: all is well" : "demo: FAILED, see above");
Deno.exit(good ? 0 : 1);

function say(title: string): void {
  console.log(`\n${title}`);
}

/** A port that was free a moment ago. */
function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}
