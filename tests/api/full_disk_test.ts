import assert from "node:assert/strict";
import { statfsSync } from "node:fs";
import { needs } from "../skip.ts";
import { connect, readAll, send } from "./http.ts";
import { TestReceiver } from "./receiver.ts";
import { announceHeaders, pieceHeaders, putHeaders, sample, sha256 } from "./sample.ts";

async function run(...command: [string, ...string[]]): Promise<void> {
  const [name, ...args] = command;
  const { success, stderr } = await new Deno.Command(name, { args }).output();
  if (!success) throw new Error(`${name}: ${new TextDecoder().decode(stderr)}`);
}

Deno.test({
  ...needs("a full disk is told as such, tears nothing, and is over when there is room again", {
    root: true,
    commands: ["mount", "umount"],
  }),
  async fn() {
    const storeDir = await Deno.makeTempDir({ prefix: "cis490-api-" });
    await run("mount", "-t", "tmpfs", "-o", "size=4m", "cis490-test", storeDir);
    try {
      await using receiver = await TestReceiver.start({
        storeDir,
        tables: "[limits]\nmin_free_mb = 0",
      });
      const token = await receiver.token("lab-1");
      const what = sample(receiver.stamp, 1_000_000);
      const path = "/v1/episodes/lab-1/a";
      const headers = putHeaders(what, receiver.stamp);
      const put = () => receiver.ask({ method: "PUT", path, headers, body: what.bytes }, token);
      const announce = () =>
        receiver.ask(
          { method: "PUT", path, headers: announceHeaders(what, receiver.stamp) },
          token,
        );

      const upload = `/v1/uploads/lab-1/a/${what.archiveDigest}`;
      const partialBytes = () => {
        const partial = receiver.files().find((file) => file.endsWith(".partial"));
        return Deno.statSync(`${storeDir}/${partial}`).size;
      };
      const fill = () => Deno.writeFile(`${storeDir}/filler`, new Uint8Array(3_700_000));

      // Somebody else fills the disk while a piece of an admitted upload comes.
      assert.equal((await announce()).status, 201);
      const connection = await connect(receiver.address);
      const fields = {
        host: "receiver",
        authorization: `Bearer ${token}`,
        connection: "close",
        "content-length": `${what.bytes.byteLength}`,
        ...pieceHeaders(what.bytes, 0, true),
      };
      const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
      const head = `PATCH ${upload} HTTP/1.1\r\n${lines.join("")}\r\n`;
      await send(connection, [new TextEncoder().encode(head), what.bytes.subarray(0, 400_000)]);
      for (let tries = 0; tries < 500 && partialBytes() === 0; tries++) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      assert.notEqual(partialBytes(), 0, "some of the piece is written");
      await fill().catch((error) => assert.match(error.message, /ENOSPC|No space/));
      await send(connection, [what.bytes.subarray(400_000)]);
      const answer = new TextDecoder().decode(await readAll(connection));
      connection.close();
      assert.match(answer, /^HTTP\/1.1 507 .*\/problems\/disk-reserve/s);
      assert.match(receiver.log, /event=store-failed .*ENOSPC/);
      assert.equal(partialBytes(), 0, "its space is free again");

      // From then on it is refused before its bytes are written.
      await fill();
      const piece = await receiver.ask({
        method: "PATCH",
        path: upload,
        headers: pieceHeaders(what.bytes, 0, true),
        body: what.bytes,
      }, token);
      assert.equal(piece.problem, "disk-reserve", piece.text);
      assert.match(receiver.log, /event=request-refused .* problem=disk-reserve/);
      assert.equal((await put()).problem, "disk-reserve", "refused by the headers");

      await Deno.remove(`${storeDir}/filler`);
      const again = await announce();
      assert.equal(again.headers.get("upload-offset"), "0", "nothing of the torn piece counts");
      assert.equal((await put()).status, 201);
      assert.deepEqual(receiver.files(), ["episodes/lab-1/a.json", "episodes/lab-1/a.tar.zst"]);
    } finally {
      await run("umount", storeDir);
      await Deno.remove(storeDir);
    }
  },
});

/** Of a tmpfs. */
const PAGE_BYTES = 4096;
/** Beside those of the archive. The catalogue takes some, too, whenever it comes to it. */
const SPARE_PAGES = [-40, -20, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 16, 100];

Deno.test({
  ...needs(
    "a disk that is full by one page or another takes all of an archive or none, and acknowledges only what has its receipt",
    {
      root: true,
      commands: ["mount", "umount"],
    },
  ),
  async fn() {
    const storeDir = await Deno.makeTempDir({ prefix: "cis490-api-" });
    await run("mount", "-t", "tmpfs", "-o", "size=8m", "cis490-test", storeDir);
    try {
      await using receiver = await TestReceiver.start({
        storeDir,
        tables: "[limits]\nmin_free_mb = 0",
      });
      const token = await receiver.token("lab-1");
      const what = sample(receiver.stamp, 200_000);
      const pages = Math.ceil(what.bytes.byteLength / PAGE_BYTES);
      const put = (id: string) =>
        receiver.ask({
          method: "PUT",
          path: `/v1/episodes/lab-1/${id}`,
          headers: putHeaders(what, receiver.stamp),
          body: what.bytes,
        }, token);
      assert.equal((await put("first")).status, 201);
      const answers: (string | undefined)[] = [];
      for (const spare of SPARE_PAGES) {
        const id = `spare-${pages + spare}`;
        const { bavail, bsize } = statfsSync(storeDir);
        const filler = `${storeDir}/filler`;
        await Deno.writeFile(filler, new Uint8Array(bavail * bsize - (pages + spare) * PAGE_BYTES));
        const { status, problem, text } = await put(id);
        answers.push(problem ?? `${status}`);
        const files = receiver.files().filter((path) => path.includes(id));
        const whole = [`episodes/lab-1/${id}.json`, `episodes/lab-1/${id}.tar.zst`];
        assert.ok(status === 201 || problem === "disk-reserve", `${id}: ${status} ${text}`);
        // Where only the receipt had no room, the archive has its name: whole, and not acknowledged.
        const isAlone = status !== 201 && files.join() === whole[1];
        assert.deepEqual(
          files,
          status === 201 ? whole : isAlone ? [whole[1]] : [],
          `${id}: ${status}`,
        );
        if (files.length > 0) {
          const bytes = await Deno.readFile(`${storeDir}/${whole[1]}`);
          assert.equal(sha256(bytes), what.archiveDigest, id);
        }
        await Deno.remove(filler);
        const again = await put(id);
        assert.equal(again.status, files.length > 0 ? 200 : 201, `${id}: ${again.text}`);
        assert.deepEqual(receiver.files().filter((path) => path.includes(id)), whole);
      }
      assert.ok(answers.includes("disk-reserve") && answers.includes("201"), `${answers}`);
      assert.equal(answers.at(-1), "201");
      assert.equal((await receiver.command("receive", "scrub")).code, 0);
    } finally {
      await run("umount", storeDir);
      await Deno.remove(storeDir);
    }
  },
});
