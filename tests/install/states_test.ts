/** The installer of a lab host on machines in whatever state. */
import assert from "node:assert/strict";
import { needs } from "../skip.ts";
import { until } from "../systemd/installed.ts";
import type { Host } from "../systemd/lab.ts";
import {
  assertSame,
  bootLabHost,
  enableShipper,
  install,
  invocation,
  type LabHost,
  snapshot,
  tell,
} from "./lab_host.ts";
import { OPERATOR, SITE_NEEDS, TREE } from "./site.ts";

const SCRIPT = "install/install-lab-host.sh";

/** It refuses, says why, and has changed nothing. */
async function refuses(host: Host, line: string, why: RegExp, code = 1): Promise<void> {
  const before = await snapshot(host);
  const told = await tell(host, line);
  assert.equal(told.code, code, told.words);
  assert.match(told.words, why);
  assertSame(await snapshot(host), before);
}

/** It finds everything done, and leaves alone what is there and what runs. */
async function findsAllDone(host: Host, line: string): Promise<void> {
  const before = await snapshot(host) + await invocation(host);
  const words = await install(host, line);
  assert.doesNotMatch(words, /^ *(done|would):/m);
  assertSame(await snapshot(host) + await invocation(host), before, words);
}

Deno.test({
  ...needs("an installer does what is missing, in whatever state the machine is", SITE_NEEDS),
  async fn(t) {
    await using lab = await bootLabHost();
    await t.step("a bare machine: what can't be done is said before anything is", () => bare(lab));
    await t.step(
      "from elsewhere, from its own tree, by a link, by a bind mount",
      () => places(lab),
    );
    await t.step("what was changed by hand is kept, or stops it", () => byHand(lab));
    await t.step("the shipper may move what others record", () => rights(lab.host));
    await t.step("uninstalled: data, configuration and the tree stay", () => uninstalled(lab));
  },
});

async function bare({ host, old }: LabHost): Promise<void> {
  const script = `${old.clone}/${SCRIPT}`;
  await refuses(host, `runuser -u ${OPERATOR} -- ${script}`, /must be run as root: sudo /);
  await refuses(host, `${script} --binray x`, /unknown argument --binray; see .* --help/, 2);
  await refuses(host, `${script} --purge`, /--purge goes with uninstall/, 2);
  const { words } = await tell(host, `runuser -u ${OPERATOR} -- ${script} --help`);
  assert.match(words, /^Usage: install-lab-host\.sh/);

  await host.run("cd /usr/bin && mv git git.away && mv setfacl setfacl.away");
  await refuses(host, script, /git is missing\n.*setfacl is missing\n.*apt-get install acl git\n/);
  await host.run("cd /usr/bin && mv git.away git && mv setfacl.away setfacl");

  await host.write(
    "/etc/systemd/system/cis490-shipper.service",
    "[Service]\nExecStart=/bin/true\n",
  );
  await refuses(
    host,
    script,
    /\/etc\/systemd\/system\/cis490-shipper\.service would be run instead/,
  );
  await host.run("rm /etc/systemd/system/cis490-shipper.service");

  await host.run("fallocate -l $(($(df --output=avail -B1 / | tail -1) - 200000000)) /filled");
  await refuses(host, script, /has \d+ MiB free, 300 are needed/);
  await host.run("rm /filled");

  const lock = "/run/cis490-install.lock";
  const { stdout: pid } = await host.run(
    `flock --no-fork ${lock} sleep 600 > /dev/null 2>&1 & echo $!`,
  );
  await until(host, 10, `if flock --nonblock ${lock} true; then exit 1; fi`);
  await refuses(host, script, /another installer of cis490 is at work/);
  await host.run(`kill ${pid}`);
  await until(host, 10, `flock --nonblock ${lock} true`);

  // As a machine is on which nobody built before: without a network there is no Deno to be had.
  const offline = await tell(host, `HOME=/nowhere ${script}`);
  assert.equal(offline.code, 1);
  assert.match(offline.words, /no binary could be built;.*\n.*give one that was built elsewhere/);
  await host.run(`rm -r ${TREE}`);
  await refuses(host, `${script} --binary /etc/hostname`, /\/etc\/hostname does not run here, on /);
  await refuses(host, `${script} --binary /none`, /--binary needs a file, and \/none is none/, 2);
  await refuses(host, `${script} --owner nobody-yet`, /--owner needs a user of this machine/, 2);
}

async function places({ host, old }: LabHost): Promise<void> {
  const sudo = `runuser -u ${OPERATOR} -- sudo`;
  const elsewhere = `${sudo} ${old.clone}/${SCRIPT}`;
  const untouched = await snapshot(host);
  const planned = await install(host, `${elsewhere} --dry-run --binary ${old.binary}`);
  assert.match(planned, /would: \/opt\/cis490, at .*\n[^]*would: \/usr\/bin\/cis490\n/);
  assertSame(await snapshot(host), untouched);
  const words = await install(host, `${elsewhere} --binary ${old.binary}`);
  assert.match(words, /\[10\/10\] cis490 doctor\n.*bring-up\.md says how to go on/);
  await enableShipper(host);
  await host.run(`
    set -e
    ln -s ${TREE} /srv/link
    mkdir /srv/bound && mount --bind ${TREE} /srv/bound`);
  for (const tree of [old.clone, TREE, "/srv/link", "/srv/bound"]) {
    await findsAllDone(host, `${sudo} ${tree}/${SCRIPT}`);
  }
  await findsAllDone(host, `cd ${TREE} && ./${SCRIPT}`);
  await host.run("umount /srv/bound");
}

async function byHand({ host, old, next }: LabHost): Promise<void> {
  await host.run(`touch ${TREE}/by-root && echo by hand >> /etc/cis490/lab-host.toml.example`);
  const mended = await install(host, `${TREE}/${SCRIPT}`);
  assert.match(mended, new RegExp(`done: ${TREE} given to ${OPERATOR}`));
  assert.match(mended, /-by hand\n.*done: \/etc\/cis490\/lab-host\.toml\.example/);

  const git = (line: string) => host.run(`cd ${TREE} && git ${line}`, { user: OPERATOR });
  await host.run(`echo '# by hand' >> ${TREE}/README.md`);
  await refuses(host, `${next.clone}/${SCRIPT}`, /was changed by hand; keep that .*\n.*README\.md/);
  await git("checkout -q README.md");

  // A file of the lab's own that the next version brings too: which of them is right is not for an installer to say.
  await git("rm -q --cached orchestrator/stamp");
  await git("-c user.name=x -c user.email=x commit -q -m x");
  await refuses(host, `${next.clone}/${SCRIPT}`, /would be overwritten by checkout:\n.*stamp/);
  // Nor does it leave files of root's in the way of the next pull.
  assert.equal((await host.run(`find ${TREE} -user root`)).stdout, "");
  await git(`reset -q --hard ${old.commit}`);

  await host.run(`rm -r ${old.clone}/.git`);
  await refuses(
    host,
    `${old.clone}/${SCRIPT}`,
    /is no git checkout, so nobody could tell which version/,
  );
}

async function rights(host: Host): Promise<void> {
  await host.run(`
    set -e
    useradd --groups cis490-episodes recorder
    runuser -u recorder -- sh -ec '
      cd /var/lib/cis490/recording
      mkdir -p as-told/proc && echo x > as-told/proc/1
      mkdir -m 700 closed closed/proc && echo x > closed/proc/1 && chmod 600 closed/proc/1
      ln -s nowhere closed/link
      mv as-told closed ../episodes'`);
  const move = (id: string) =>
    host.run(
      `cd /var/lib/cis490 && test -w episodes/${id} && cat episodes/${id}/proc/1 && mv episodes/${id} shipped-by-hand`,
      { user: "cis490", anyCode: true },
    );
  assert.equal((await move("as-told")).code, 0);
  assert.notEqual((await move("closed")).code, 0);
  const words = await install(host, `${TREE}/${SCRIPT}`);
  assert.match(words, /done: of what waits, 1 opened to the shipper/);
  await findsAllDone(host, `${TREE}/${SCRIPT}`);
  assert.equal((await move("closed")).code, 0);
  // The recorder neither reads the queue nor what is secret.
  for (const what of ["ls /var/lib/cis490", "cat /etc/cis490/lab-host.toml"]) {
    assert.notEqual((await host.run(what, { user: "recorder", anyCode: true })).code, 0, what);
  }
}

async function uninstalled({ host }: LabHost): Promise<void> {
  const script = `${TREE}/${SCRIPT}`;
  const before = await snapshot(host);
  const said = await tell(host, `${script} uninstall --purge`);
  assert.equal(said.code, 1);
  assert.match(said.words, /episodes may hold the only copies/);
  assertSame(await snapshot(host), before);
  await install(host, `${script} uninstall`);
  await host.run(`
    set -e
    test -d ${TREE}
    test -e /etc/cis490/lab-host.toml
    test -e /var/lib/cis490/episodes/one/meta.json
    test ! -e /usr/bin/cis490
    test ! -e /usr/lib/cis490
    if systemctl cat cis490-shipper || pgrep -x cis490; then exit 1; fi`);
  await install(host, `${script} uninstall`);
  await host.run("rm -r /var/lib/cis490/episodes/* /var/lib/cis490/shipped-by-hand");
  await install(host, `${script} uninstall --purge`);
  await host.run("test ! -e /etc/cis490 && test ! -e /var/lib/cis490");
}
