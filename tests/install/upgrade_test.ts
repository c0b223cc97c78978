/** From one version to another: what is running afterwards, whatever came in between. */
import assert from "node:assert/strict";
import { needs } from "../skip.ts";
import { killAt, putShims } from "./kill_points.ts";
import {
  assertSame,
  bootLabHost,
  enableShipper,
  install,
  invocation,
  type LabHost,
  outcome,
  queue,
  runningVersion,
  type Source,
  tell,
} from "./lab_host.ts";
import { SITE_NEEDS, TREE } from "./site.ts";

/** Every point takes 3 s of an idle machine; unless all are wanted, so many. */
const POINTS = Deno.args.includes("--long") ? Infinity : 4;

const line = ({ clone, binary }: Source) =>
  `${clone}/install/install-lab-host.sh --binary ${binary}`;

Deno.test({
  ...needs("an upgrade comes to its end, or back to where it was", SITE_NEEDS),
  async fn(t) {
    await using lab = await bootLabHost();
    await t.step("a first installation, killed again and again", () => begin(lab));
    await enableShipper(lab.host);
    const waits = await queue(lab.host);
    await t.step("the process that runs is the new one, and shows what is new", () => upgrade(lab));
    await t.step("killed before any change, the next run completes it", () => interrupted(lab));
    await t.step("a disk that gets full leaves the old one running", () => full(lab));
    await t.step("a version that does not start goes again", () => broken(lab));
    await t.step("and the queue is whole", async () => {
      assertSame(await queue(lab.host), waits);
    });
  },
});

async function begin({ host, old }: LabHost): Promise<void> {
  await putShims(host);
  let at = 3;
  while (await killAt(host, line(old), at) !== undefined) at += 7;
  assert.ok(at > 20, `${at}`);
  const came = await outcome(host);
  await install(host, `${old.clone}/install/install-lab-host.sh uninstall --purge`);
  await host.run(`rm -r ${TREE}`);
  await install(host, line(old));
  assertSame(came, await outcome(host));
}

async function upgrade({ host, old, next }: LabHost): Promise<void> {
  assert.equal(await runningVersion(host), old.version);
  const words = await install(host, line(next));
  assert.match(words, /\n {4}\+\[newly\]\n {4}\+#key = 1\n/);
  assert.match(words, /done: cis490-shipper\.service restarted/);
  assert.equal(await runningVersion(host), next.version);
  const shown = await host.run("systemctl show --value -p Description cis490-shipper");
  assert.match(shown.stdout, /shipper: newly/);
}

async function interrupted({ host, old, next }: LabHost): Promise<void> {
  // What a run comes to that nobody interrupts, there and back.
  await install(host, line(old));
  const wanted = new Map([[old, await outcome(host)]]);
  assert.equal(await killAt(host, line(next), 1e6), undefined);
  wanted.set(next, await outcome(host));
  const total = Number((await host.run("cat /srv/shims/count")).stdout);
  assert.ok(total > 50, `${total} changes`);

  const stride = Math.max(1, total / POINTS);
  const points: (number | string)[] = [];
  for (let point = 1; point <= total; point += stride) points.push(Math.round(point));
  // All is in place, and systemd knows nothing of it, or does not run it.
  points.push("systemctl daemon-reload", "systemctl restart *");
  const seen: string[] = [];
  let [to, other] = [old, next];
  for (const point of points) {
    const killed = await killAt(host, line(to), point);
    // The way back is shorter by what only a first upgrade does.
    if (killed === undefined) continue;
    seen.push(killed);
    await install(host, line(to));
    assertSame(await outcome(host), wanted.get(to) ?? "", `after ${killed}`);
    assert.equal(await runningVersion(host), to.version, killed);
    [to, other] = [other, to];
  }
  assert.ok(seen.length >= Math.min(POINTS, total) - 3, seen.join("\n"));
  console.log(`killed before ${seen.length} of ${total} changes`);
}

async function full({ host, old, next }: LabHost): Promise<void> {
  await install(host, line(old));
  const runs = await invocation(host);
  // There is room when the installer looks, and none when it copies.
  await host.write(
    "/srv/full/cp",
    `#!/bin/sh
[ -e /filled ] || fallocate -l $(($(df --output=avail -B1 / | tail -n 1) - 5000000)) /filled
exec /bin/cp "$@"
`,
    0o755,
  );
  const { code, words } = await tell(host, `PATH=/srv/full:$PATH ${line(next)}`);
  assert.equal(code, 1);
  assert.match(
    words,
    /No space left on device\n.*\/usr\/bin\/cis490 could not be replaced, and is as it was/,
  );
  await host.run(`cmp ${old.binary} /usr/bin/cis490`);
  assert.equal(await invocation(host), runs);
  await host.run("rm /filled && ls -A /usr/bin | grep cis490-install && exit 1 || exit 0");
  await install(host, line(next));
  assert.equal(await runningVersion(host), next.version);
}

async function broken({ host, old, next }: LabHost): Promise<void> {
  await install(host, line(old));
  await host.write(
    "/srv/broken",
    `#!/bin/sh
case $1 in
version | doctor) exec ${next.binary} "$@" ;;
*) echo "this one can't $1" >&2; exit 1 ;;
esac
`,
    0o755,
  );
  const bad = line({ ...next, binary: "/srv/broken" });
  const { code, words } = await tell(host, bad);
  assert.equal(code, 1);
  assert.match(words, /cis490-shipper\.service did not start:\n[^]*this one can't ship\n/);
  assert.match(words, /\n +✓ ok +configuration +\/etc\/cis490\/lab-host\.toml is good\n/);
  assert.match(
    words,
    new RegExp(`the version before it is back: ${old.version} of /usr/bin/cis490`),
  );
  assert.equal(await runningVersion(host), old.version);
  const unit = "/usr/local/lib/systemd/system/cis490-shipper.service";
  await host.run(
    `cmp ${old.binary} /usr/bin/cis490 && cmp ${old.clone}/systemd/cis490-shipper.service ${unit}`,
  );

  // After an upgrade that was interrupted too: the version that ran last, not the one that nobody started.
  assert.match(await killAt(host, line(next), "systemctl restart*") ?? "", /shipper/);
  await host.run(`cmp ${next.binary} /usr/bin/cis490`);
  assert.equal((await tell(host, bad)).code, 1);
  await host.run(`cmp ${old.binary} /usr/bin/cis490`);
  assert.equal(await runningVersion(host), old.version);

  const kept = await tell(host, `${bad} --no-rollback`);
  assert.equal(kept.code, 1);
  assert.match(kept.words, /the new version stays, as --no-rollback says/);
  await host.run("cmp /srv/broken /usr/bin/cis490");
  await install(host, line(next));
  assert.equal(await runningVersion(host), next.version);
}
