/** The main job with the compiled binary: recorded, shipped, restored by other programs, never sent twice. */
import assert from "node:assert/strict";
import { needs } from "../skip.ts";
import { BINARY, Lab, shell } from "./lab.ts";

/** Names, types, modes, times to the nanosecond, link targets and digests of all below a directory. */
const DESCRIBE = `cd "$1" && find . -mindepth 1 -printf '%P\\t%y\\t%m\\t%T@\\t%l\\n' | LC_ALL=C sort
  find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum`;

function fill(directory: string): Promise<string> {
  return shell(
    `cd "$1" && mkdir -p "empty directory" deep/er && : > nothing && ln -s ../nothing deep/link
     printf 'ümläut 文\\n' > "deep/er/naïve 文件.txt" && chmod 0640 "deep/er/naïve 文件.txt"
     long=$(printf 'd%.0s' {1..150}) && mkdir "$long" && echo 300 > "$long/$(printf 'f%.0s' {1..149})"
     head -c 3000000 /dev/urandom > noise.bin && seq 200000 > numbers.jsonl
     touch -d "2001-02-03 04:05:06.789012345 UTC" nothing`,
    directory,
  );
}

for (const unpack of ["tar", "bsdtar"]) {
  Deno.test({
    ...needs(`${unpack} restores what was shipped, and zstd and sha256sum agree on its digest`, {
      commands: ["zstd", unpack],
    }),
    async fn() {
      await using lab = await Lab.start();
      await lab.record("a-1", async (directory) => void await fill(directory));
      const before = await shell(DESCRIBE, lab.episode("a-1"));

      const shipped = await lab.ship();
      assert.equal(shipped.code, 0, shipped.stderr);
      assert.equal(await shell(DESCRIBE, `${lab.shipped("a-1")}/episode`), before);

      const unpacked = `${lab.root}/unpacked`;
      await Deno.mkdir(unpacked);
      // A UTF-8 locale: bsdtar complains about names that the C locale does not have.
      await shell(
        `zstd -q -dc "$1" | LC_ALL=C.UTF-8 ${unpack} -xpf - -C "$2"`,
        `${lab.stored}/a-1.tar.zst`,
        unpacked,
      );
      assert.equal(await shell(DESCRIBE, unpacked), before);

      const sum = await shell(`zstd -q -dc "$1" | sha256sum`, `${lab.stored}/a-1.tar.zst`);
      const receipt = await Deno.readTextFile(`${lab.shipped("a-1")}/receipt.json`);
      assert.ok(receipt.includes(`sha256:${sum.slice(0, 64)}`));
    },
  });
}

Deno.test("what was shipped is not sent again, and a second pass has nothing to do", async () => {
  await using lab = await Lab.start();
  await lab.record("a-1");
  assert.match((await lab.ship()).stdout, /shipped 1\b/);
  const again = await lab.ship("--json");
  assert.equal(again.code, 0);
  assert.equal(JSON.parse(again.stdout).shipped, 0);
  const puts = (await lab.receiverLog()).split("\n").filter((line) => line.includes("id=a-1"));
  assert.equal(puts.length, 1, puts.join("\n"));
});

Deno.test("an unstamped episode is quarantined, one outside the window waits, both say what to do", async () => {
  await using lab = await Lab.start();
  await lab.record("good-1");
  await lab.record("unstamped-1", () => {}, { code_version: {} });
  await lab.record("old-1", () => {}, { code_version: { commit: "0".repeat(40) } });
  const shipped = await lab.ship();
  assert.equal(shipped.code, 0, shipped.stderr);
  assert.match(shipped.stdout, /shipped 1, already stored 0, held 1, quarantined 1/);
  const reason = await Deno.readTextFile(
    `${lab.quarantined("unstamped-1")}/quarantine_reason.json`,
  );
  assert.match(reason, /install-lab-host\.sh/);
  assert.ok((await Deno.lstat(lab.episode("old-1"))).isDirectory);
  assert.deepEqual(
    [...Deno.readDirSync(`${lab.root}/data/outbox`)].filter((e) =>
      e.isFile && !e.name.endsWith(".json")
    ),
    [],
  );
});

Deno.test("a receiver that is down loses nothing, and all arrives when it is back", async () => {
  await using lab = await Lab.start();
  for (let at = 0; at < 5; at++) await lab.record(`a-${at}`);
  await lab.stopReceiver();
  const down = await lab.ship();
  assert.equal(down.code, 1);
  for (let at = 0; at < 5; at++) assert.ok((await Deno.lstat(lab.episode(`a-${at}`))).isDirectory);
  await lab.startReceiver();
  // Each has a next try of its own, at most seconds away after one failure.
  for (let passes = 0; passes < 60; passes++) {
    if ((await lab.ship()).code === 0) break;
    await new Promise((done) => setTimeout(done, 500));
  }
  assert.equal([...Deno.readDirSync(`${lab.root}/data/shipped`)].length, 5);
});

Deno.test("requests go straight to the receiver, whatever proxy a shell names", async () => {
  await using lab = await Lab.start();
  const nobody = "http://127.0.0.1:1";
  const { code, stdout } = await new Deno.Command(BINARY, {
    args: ["ping", "--config", lab.hostConfig],
    env: { HTTP_PROXY: nobody, http_proxy: nobody, ALL_PROXY: nobody },
    stderr: "null",
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stdout));
});
