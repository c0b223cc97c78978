import assert from "node:assert/strict";
import { needs } from "../skip.ts";
import { TestReceiver } from "./receiver.ts";
import { announceHeaders, pieceHeaders, putHeaders, sample } from "./sample.ts";

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

      // Somebody else fills the disk while the pieces of an admitted upload come.
      assert.equal((await announce()).status, 201);
      await Deno.writeFile(`${storeDir}/filler`, new Uint8Array(3_700_000));
      const piece = await receiver.ask({
        method: "PATCH",
        path: `/v1/uploads/lab-1/a/${what.archiveDigest}`,
        headers: pieceHeaders(what.bytes, 0, true),
        body: what.bytes,
      }, token);
      assert.equal(piece.problem, "disk-reserve", piece.text);
      assert.equal(piece.status, 507);
      const torn = receiver.files().find((file) => file.endsWith(".partial"));
      assert.equal(Deno.statSync(`${storeDir}/${torn}`).size, 0, "its space is free again");
      assert.equal((await put()).problem, "disk-reserve", "refused by the headers");
      assert.match(receiver.log, /event=store-failed .*ENOSPC/);

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
