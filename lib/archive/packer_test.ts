import assert from "node:assert/strict";
import { GOLDEN_DIGEST, makeGoldenTree } from "../../tests/archive/golden.ts";
import { makeTree, run, TestDirectory } from "../../tests/archive/tree.ts";
import { FsError } from "../sys/mod.ts";
import { ArchiveError } from "./error.ts";
import { createPacker, type Packer, type PackerOptions } from "./packer.ts";
import type { PackJob } from "./pack.ts";

function jobIn(directory: string, name = "x"): PackJob {
  return { episodePath: `${directory}/episode`, partialPath: `${directory}/${name}`, level: 3 };
}

async function withPacker(
  options: PackerOptions,
  test: (packer: Packer) => Promise<void>,
): Promise<void> {
  const packer = createPacker(options);
  try {
    await test(packer);
  } finally {
    packer.close();
  }
}

/** A worker that does what `body` says with `job` and `port`. */
function script(body: string): URL {
  const source = `self.onmessage = ({ data: job, ports: [port] }) => { ${body} };`;
  return new URL(`data:text/javascript,${encodeURIComponent(source)}`);
}

Deno.test("a worker packs as pack() does, and tells its progress", async () => {
  using directory = new TestDirectory();
  makeGoldenTree(`${directory.path}/episode`);
  await withPacker({ workers: 1 }, async (packer) => {
    const progress: number[] = [];
    const hooks = { onProgress: (bytes: number) => progress.push(bytes) };
    const packed = await packer.pack(jobIn(directory.path), hooks);
    assert.equal(packed.episodeDigest, GOLDEN_DIGEST);
    assert.equal(typeof packed.newestCtimeNs, "bigint");
    assert.deepEqual(progress, [packed.tarBytes]);
  });
});

Deno.test("more episodes than workers are all packed, and the workers are used again", async () => {
  using directory = new TestDirectory();
  makeGoldenTree(`${directory.path}/episode`);
  await withPacker({ workers: 2 }, async (packer) => {
    const names = Array.from({ length: 7 }, (_, at) => `${at}`);
    const all = await Promise.all(names.map((name) => packer.pack(jobIn(directory.path, name))));
    assert.deepEqual(all.map((packed) => packed.episodeDigest), names.map(() => GOLDEN_DIGEST));
  });
});

Deno.test("errors keep their type across the border", async () => {
  using directory = new TestDirectory();
  makeTree(`${directory.path}/episode`, []);
  await withPacker({ workers: 1 }, async (packer) => {
    Deno.writeTextFileSync(`${directory.path}/taken`, "");
    await assert.rejects(packer.pack(jobIn(directory.path, "taken")), (error) => {
      assert(error instanceof FsError);
      assert.equal(error.code, "exists");
      assert.equal(error.subject, `${directory.path}/taken`);
      return true;
    });
    await run("mkfifo", `${directory.path}/episode/pipe`);
    await assert.rejects(packer.pack(jobIn(directory.path)), (error) => {
      assert(error instanceof ArchiveError);
      assert.equal(error.code, "unfit");
      assert.equal(error.subject, "pipe");
      assert.equal(error.message, "pipe is a fifo");
      return true;
    });
  });
});

Deno.test("an aborted job rejects with the reason, leaves no partial, and its worker lives on", async () => {
  using directory = new TestDirectory();
  makeTree(`${directory.path}/episode`, [{ path: "zeros", type: "file", content: "" }]);
  // Seconds of work, so that the abort arrives in its midst however busy the machine is.
  const zeros = `${directory.path}/episode/zeros`;
  Deno.truncateSync(zeros, 4 * 1024 ** 3);
  await withPacker({ workers: 1 }, async (packer) => {
    const abort = new AbortController();
    const reason = new Error("stopping");
    let blocks = 0;
    const onProgress = () => {
      if (++blocks === 2) abort.abort(reason);
    };
    const packing = packer.pack(jobIn(directory.path), { signal: abort.signal, onProgress });
    await assert.rejects(packing, reason);
    assert(blocks < 4000, `${blocks} blocks`);
    assert.throws(() => Deno.lstatSync(`${directory.path}/x`), Deno.errors.NotFound);
    Deno.truncateSync(zeros, 1);
    await packer.pack(jobIn(directory.path));
  });
});

Deno.test("a job that is aborted while it waits does not hold up those behind it", async () => {
  using directory = new TestDirectory();
  makeGoldenTree(`${directory.path}/episode`);
  await withPacker({ workers: 1 }, async (packer) => {
    const abort = new AbortController();
    const first = packer.pack(jobIn(directory.path, "1"));
    const second = packer.pack(jobIn(directory.path, "2"), { signal: abort.signal });
    const third = packer.pack(jobIn(directory.path, "3"));
    abort.abort(new Error("not this one"));
    await assert.rejects(second, /not this one/);
    assert.equal((await first).episodeDigest, GOLDEN_DIGEST);
    assert.equal((await third).episodeDigest, GOLDEN_DIGEST);
  });
});

Deno.test("a worker that breaks down ends its job, and the next gets a new one", async () => {
  const fragile = script(`
    if (job.level === 1) throw new Error("broken inside");
    port.postMessage({ kind: "packed", packed: job });
  `);
  const job = { episodePath: "", partialPath: "" };
  await withPacker({ workers: 1, script: fragile }, async (packer) => {
    await assert.rejects(packer.pack({ ...job, level: 1 }), /broke down: .*broken inside/);
    assert.deepEqual(await packer.pack({ ...job, level: 2 }), { ...job, level: 2 });
  });
});

Deno.test("a worker that does not hear an abort is given up after the grace", async () => {
  const deaf = script("");
  const asked: number[] = [];
  const clock = {
    sleep: (ms: number) => {
      asked.push(ms);
      return Promise.resolve();
    },
  };
  await withPacker({ workers: 1, script: deaf, clock }, async (packer) => {
    const abort = new AbortController();
    const job = { episodePath: "", partialPath: "", level: 3 };
    const packing = packer.pack(job, { signal: abort.signal });
    abort.abort(new Error("stopping"));
    await assert.rejects(packing, /stopping/);
    assert.deepEqual(asked, [10_000]);
  });
});

Deno.test("close ends running and waiting jobs, and later ones", async () => {
  const packer = createPacker({ workers: 1, script: script("") });
  const job = { episodePath: "", partialPath: "", level: 3 };
  const ends = [packer.pack(job), packer.pack(job)].map((end) =>
    assert.rejects(end, /the packer is closed/)
  );
  packer.close();
  await Promise.all(ends);
  await assert.rejects(packer.pack(job), /the packer is closed/);
});
