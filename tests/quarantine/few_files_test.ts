/** A process that may have few files open, of which each lock is one: draining takes longer, and leaves nothing. */
import assert from "node:assert/strict";
import { BINARY, shell } from "../e2e/lab.ts";

const EPISODES = 120;

Deno.test("where fewer files may be open than there are episodes, all are drained nevertheless", async () => {
  const root = await Deno.makeTempDir();
  try {
    for (let at = 0; at < EPISODES; at++) {
      await Deno.mkdir(`${root}/episodes/run-${at}`, { recursive: true });
      await Deno.writeTextFile(`${root}/episodes/run-${at}/meta.json`, "{}");
    }
    const config = `${root}/lab-host.toml`;
    await Deno.writeTextFile(
      config,
      `host_id = "lab-host-01"
data_dir = "${root}"
[receiver]
url = "http://127.0.0.1:9"
token_file = "${root}/token"
[queue]
settle_s = 0
`,
    );
    const said = await shell(
      `ulimit -n 64; "$1" quarantine-unstamped --config "$2"`,
      BINARY,
      config,
    );
    assert.match(said, new RegExp(`^kept 0, quarantined ${EPISODES}, `));
    assert.deepEqual([...Deno.readDirSync(`${root}/.locks`)], []);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
