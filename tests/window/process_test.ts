/** The gate of a real `cis490 receive`, with a Forgejo that comes and goes. */
import assert from "node:assert/strict";
import { parseWindow } from "../../lib/wire/mod.ts";
import { TestReceiver } from "../api/receiver.ts";
import { announceHeaders, sample } from "../api/sample.ts";
import { badGateway, startFakeForgejo } from "../fakes/forgejo.ts";
import { withDirectory } from "./lab.ts";
import { addCommits, makeRepository, stampsOf } from "./repository.ts";

const PINNED = "f".repeat(40);

Deno.test("a receiver process takes what Forgejo knows, remembers it over a crash, and refuses nothing while Forgejo restarts", async () => {
  await withDirectory(async (directory) => {
    const upstream = `${directory}/upstream`;
    await makeRepository(upstream, 70);
    await Deno.writeTextFile(`${directory}/token`, "s3cret\n");
    await using forgejo = startFakeForgejo({ repository: upstream, token: "s3cret" });
    await using receiver = await TestReceiver.start({
      tables: `forgejo_url = "${forgejo.url}"
repository = "lab/code"
forgejo_token_file = "${directory}/token"
accept_extra = ["${PINNED}"]`,
    });
    const token = await receiver.token("lab-1");
    let puts = 0;
    const put = async (stamp: string) => {
      const id = `e-${++puts}`;
      const headers = announceHeaders(sample(stamp, 0, id), stamp);
      const path = `/v1/episodes/lab-1/${id}`;
      const answer = await receiver.ask({ method: "PUT", path, headers }, token);
      return { ...answer, what: answer.problem ?? answer.status };
    };
    const source = async () =>
      parseWindow((await receiver.ask({ method: "GET", path: "/v1/window" })).text)?.source;

    const [newest = "", ...rest] = await stampsOf(upstream);
    assert.equal(await source(), "forgejo");
    assert.match(receiver.log, /event=window-read source=forgejo size=50/);
    assert.equal((await put(newest)).what, 201);
    assert.equal((await put(PINNED)).what, 201);
    const refused = await put(rest[60] ?? "");
    assert.equal(refused.status, 412);
    const { stamp, age_s, source: told, newest: first, remediation } = JSON.parse(refused.text);
    assert.deepEqual([stamp, told, first], [rest[60], "forgejo", newest]);
    assert.ok(age_s >= 0 && age_s < 20);
    assert.match(remediation, /git pull/);

    await addCommits(upstream, 1);
    const [pushed = ""] = await stampsOf(upstream);
    forgejo.interfere = badGateway;
    await receiver.crashAndRun();
    assert.equal(await source(), "git-fallback");
    assert.match(receiver.log, /event=window-failed source=forgejo why=".*answered 502/);
    assert.equal((await put(newest)).what, 201);
    assert.equal((await put(receiver.stamp)).what, 201);
    const waiting = await put(pushed);
    assert.equal(waiting.what, "commit-unknown");
    assert.equal(waiting.status, 503);
    assert.equal(waiting.headers.get("retry-after"), "30");

    forgejo.interfere = () => undefined;
    // A reading of at most every ten seconds, or the next PUT of an unknown commit.
    let what: number | string = "";
    for (let i = 0; i < 30 && what !== 201; i++) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      what = (await put(pushed)).what;
      assert.notEqual(what, "out-of-window");
    }
    assert.equal(what, 201);
    assert.equal(await source(), "forgejo");
    assert.equal(await receiver.end(), 0);
  });
});
