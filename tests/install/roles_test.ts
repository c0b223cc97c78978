/** One machine with all roles: what each installer owns, and what it leaves to the others. */
import assert from "node:assert/strict";
import { needs } from "../skip.ts";
import { until } from "../systemd/installed.ts";
import type { Host } from "../systemd/lab.ts";
import { killAt, putShims } from "./kill_points.ts";
import { bootLabHost, enableShipper, install, invocation, tell } from "./lab_host.ts";
import { REMOTE, SITE_NEEDS, TREE } from "./site.ts";

const script = (name: string) => `${TREE}/install/install-${name}.sh`;

Deno.test({
  ...needs("each role is installed and taken away without the others", {
    ...SITE_NEEDS,
    commands: [...SITE_NEEDS.commands, "caddy", "/usr/share/easy-rsa/easyrsa"],
  }),
  async fn(t) {
    await using lab = await bootLabHost();
    const { host, old } = lab;
    await host.run(`git clone -q ${REMOTE} ${TREE}`);
    await t.step("experiments need a lab host, KVM and QEMU, all said at once", async () => {
      const { code, words } = await tell(host, script("tier-3-4"));
      assert.equal(code, 1);
      for (
        const lack of [/there is no \/dev\/kvm/, /no lab host yet/, /apt-get install .*qemu-utils/]
      ) assert.match(words, lack);
    });
    await install(host, `${script("lab-host")} --binary ${old.binary}`);
    await enableShipper(host);
    const runs = await invocation(host);
    await t.step("the orchestrator records, and the shipper may move it", () => orchestrator(host));
    await t.step("a Caddyfile is replaced if it is Debian's or ours, and run", () => proxy(host));
    assert.equal(await invocation(host), runs);
    await t.step("the last role to go takes the binary along", () => leave(host));
  },
});

/** KVM and QEMU are stand-ins: the installer looks for them, and nothing here starts a machine. */
async function orchestrator(host: Host): Promise<void> {
  await host.run(`
    set -e
    for name in qemu-system-$(uname -m) qemu-img; do install -m 755 /bin/true /usr/bin/$name; done
    mknod /dev/kvm c 10 232 && chgrp kvm /dev/kvm && chmod 660 /dev/kvm`);
  await host.write(
    `${TREE}/orchestrator/run`,
    `#!/bin/sh
mkdir "$CIS490_RECORDING/recorded" && id > "$CIS490_RECORDING/recorded/id"
mv "$CIS490_RECORDING/recorded" "$CIS490_EPISODES"
exec sleep infinity
`,
    0o755,
  );
  await install(host, script("tier-3-4"));
  await host.run("systemctl enable --now cis490-orchestrator");
  const recorded = "/var/lib/cis490/episodes/recorded";
  await until(host, 10, `test -e ${recorded}/id`);
  const { stdout } = await host.run(`cat ${recorded}/id; test -w ${recorded}`, { user: "cis490" });
  assert.match(stdout, /^uid=\d+\(cis490-orchestrator\).*\(kvm\).*\(cis490-episodes\)/);
  const runs = await invocation(host, "cis490-orchestrator");
  const words = await install(host, script("tier-3-4"));
  assert.doesNotMatch(words, /^ *done:/m);
  assert.equal(await invocation(host, "cis490-orchestrator"), runs);
}

async function proxy(host: Host): Promise<void> {
  const receiver = script("receiver");
  const ours = `${TREE}/install/Caddyfile`;
  await host.run("systemctl enable --quiet --now caddy");
  const words = await install(host, receiver);
  assert.match(words, /done: caddy restarted, so that it is in group cis490/);
  await host.run(`cmp ${ours} /etc/caddy/Caddyfile`);
  assert.doesNotMatch(await install(host, receiver), /^ *done:/m);
  await host.run(`${TREE}/install/pki.sh init lab`);
  const isServed = "curl -s --cacert /etc/cis490/pki/ca.crt https://lab:8443/ 2>&1; test $? = 56";
  await until(host, 10, isServed);

  // An earlier one of ours, which nobody changed; killed before Caddy is restarted with the new one.
  await putShims(host);
  await host.run(`
    set -e
    sed -i 's/idle 5m/idle 4m/' /etc/caddy/Caddyfile
    cp /etc/caddy/Caddyfile /usr/lib/cis490/Caddyfile`);
  const runs = await invocation(host, "caddy");
  assert.match(await killAt(host, receiver, "systemctl restart*") ?? "", /caddy/);
  await host.run(`cmp ${ours} /etc/caddy/Caddyfile`);
  assert.match(await install(host, receiver), /done: caddy restarted/);
  assert.notEqual(await invocation(host, "caddy"), runs);

  await host.run("echo '# mine' >> /etc/caddy/Caddyfile");
  assert.match(await install(host, receiver), /Caddyfile is yours, and is not touched/);
  await host.run("tail -n 1 /etc/caddy/Caddyfile | grep -x '# mine'");

  // One that this Caddy does not take.
  await host.run(`
    cp ${ours} /etc/caddy/Caddyfile
    cp ${ours} /usr/lib/cis490/Caddyfile
    echo ':9 { no_such_directive }' | tr ' ' '\\n' >> ${ours}`);
  const { code, words: said } = await tell(host, receiver);
  assert.equal(code, 1);
  assert.match(said, /this Caddy does not take .*, and \/etc\/caddy\/Caddyfile stays as it was:/);
  await host.run(`git -C ${TREE} checkout -q ${ours} && cmp ${ours} /etc/caddy/Caddyfile`);
}

async function leave(host: Host): Promise<void> {
  const { code, words } = await tell(host, `${script("receiver")} uninstall --purge`);
  assert.equal(code, 1);
  assert.match(words, /nothing was removed: another role of this machine needs/);
  for (const role of ["receiver", "lab-host"]) {
    assert.match(await install(host, `${script(role)} uninstall`), /cis490 stays: another role/);
  }
  await host.run("test -x /usr/bin/cis490 && systemctl is-active --quiet cis490-orchestrator");
  await install(host, `${script("tier-3-4")} uninstall`);
  await host.run(`
    set -e
    test ! -e /usr/bin/cis490
    test ! -e /usr/lib/cis490
    test -e /var/lib/cis490/episodes/recorded/id
    test -z "$(ls /usr/local/lib/systemd/system /usr/local/lib/sysusers.d /usr/local/lib/tmpfiles.d | grep cis490)"
    if systemctl cat 'cis490-*' 2>/dev/null | grep .; then exit 1; fi`);
}
