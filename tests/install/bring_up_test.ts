/** Two bare hosts, and nothing but what docs/bring-up.md says. */
import assert from "node:assert/strict";
import { needs } from "../skip.ts";
import { bootHost, type Host } from "../systemd/lab.ts";
import { link } from "../systemd/link.ts";
import { until } from "../systemd/installed.ts";
import { queue, runningVersion } from "./lab_host.ts";
import { readPage } from "./page.ts";
import {
  bringDeno,
  equip,
  letIn,
  makeSite,
  OPERATOR,
  publish,
  type Site,
  SITE_NEEDS,
} from "./site.ts";

Deno.test({
  ...needs(
    "two bare hosts become a receiver and a lab host, and what a refusal prints mends them",
    {
      ...SITE_NEEDS,
      commands: [...SITE_NEEDS.commands, "caddy", "/usr/share/easy-rsa/easyrsa", "/usr/sbin/sshd"],
    },
  ),
  async fn(t) {
    await using site = await makeSite();
    await using pi = await bootHost({ name: "pi", diskMb: 4000 });
    await using lab = await bootHost({ name: "lab", diskMb: 4000 });
    await link(lab, pi);
    for (const host of [pi, lab]) {
      await equip(host, site);
      await bringDeno(host);
    }
    await letIn(pi, lab, "lab-host-01");
    // Debian starts it where it is installed.
    await pi.run("systemctl enable --now caddy");

    await t.step("by what docs/bring-up.md says, word for word", () => bringUp(pi, lab));
    await t.step("and are so after a reboot of both", async () => {
      await pi.reboot();
      await lab.reboot();
      await until(lab, 30, "systemctl is-active --quiet cis490-shipper && cis490 ping");
    });
    await t.step("what is refused with 400 and 412 prints the command that mends it", async () => {
      await mend(pi, lab, site);
    });
  },
});

async function asOperator(host: Host, script: string, anyCode = false): Promise<string> {
  const words = `set -euo pipefail\n{ ${script}\n} 2>&1`;
  return (await host.run(["runuser", "-l", OPERATOR, "-c", words], { anyCode })).stdout;
}

async function bringUp(pi: Host, lab: Host): Promise<void> {
  const page = await Deno.readTextFile(new URL("../../docs/bring-up.md", import.meta.url));
  const blocks = readPage(page).filter((deed) => deed.kind === "run");
  assert.equal(blocks.length, 9);
  let said = "";
  for (const { machine, script } of blocks) {
    // The doctor may warn of what such a machine lacks, like a synchronised clock.
    const anyCode = script === "sudo cis490 doctor\n";
    said += await asOperator({ pi, lab }[machine], script, anyCode);
  }
  assert.match(said, /^✓ ok +readiness /m);
  assert.match(said, /^✓ ok +backlog +no episode waits; the last was shipped /m);
  assert.doesNotMatch(said, /^✗ WRONG/m);
  // The command that brings a host its files is the one that was printed.
  assert.deepEqual(findTar(said), findTar(blocks.map(({ script }) => script).join("")));
  const modes = await lab.run("cd /etc/cis490 && stat -c '%n %a %U:%G' token pki/client.key");
  assert.equal(modes.stdout, "token 640 root:cis490\npki/client.key 640 root:cis490\n");
}

/** The receiver goes ahead; the lab host's program stamps nothing, and its commit is too old. */
async function mend(pi: Host, lab: Host, site: Site): Promise<void> {
  for (const host of [pi, lab]) await publish(host, site);
  await pi.run("sed -i 's/^#window_commits = .*/window_commits = 1/' /etc/cis490/receiver.toml");
  await asOperator(pi, "cd /opt/cis490 && git pull && sudo ./install/install-receiver.sh");
  await until(lab, 30, `cis490 ping --json | grep -F ${site.next.version}`);

  // By hand, to see what is said; the daemon's words are in the journal.
  await lab.run("systemctl stop cis490-shipper");
  await recordBy(lab, "unstamped", "/opt/cis490/orchestrator/stamp");
  await recordBy(lab, "behind", `echo '{"code_version":{"commit":"${site.old.commit}"}}'`);
  const told = await asOperator(lab, SHIP);
  await lab.run("systemctl start cis490-shipper");
  const [, remediation = ""] = /^cis490: held 1: .*; to mend it: (.*)$/m.exec(told) ?? [];
  const place = "/var/lib/cis490/quarantine/unstamped";
  const reason = JSON.parse((await lab.run(`cat ${place}/quarantine_reason.json`)).stdout);
  assert.deepEqual([reason.status, reason.remediation], [400, remediation]);

  const whole = await queue(lab);
  assert.match(whole, /episodes\/behind\/meta.json/);
  const said = await asOperator(lab, remediation);
  assert.match(said, /done: cis490-shipper.service restarted/);
  assert.equal(await runningVersion(lab), site.next.version);
  await recordBy(lab, "mended", "/opt/cis490/orchestrator/stamp");
  await until(lab, 60, "test -e /var/lib/cis490/shipped/mended/receipt.json");
  assert.equal(await queue(lab), whole);
}

/** Until both have settled. */
const SHIP = `
  for i in $(seq 30); do
    sudo -u cis490 cis490 ship --once --no-progress 2>&1 | tee /tmp/said
    ! grep -q 'not ready 0' /tmp/said || break
    sleep 1
  done`;

/** Records an episode with the meta.json that a command writes. */
async function recordBy(lab: Host, id: string, stamp: string): Promise<void> {
  const recording = `/var/lib/cis490/recording/${id}`;
  await lab.run(
    `set -e; mkdir ${recording}; ${stamp} > ${recording}/meta.json; mv ${recording} /var/lib/cis490/episodes`,
  );
}

/** The words of the command that sends a host its files, in no order: that of the files is the directory's. */
function findTar(text: string): string[] {
  const found = / tar -C \S+\/hosts\/[^]*? --backup=numbered/.exec(text);
  assert.ok(found);
  return found[0].split(/[\s\\]+/).toSorted();
}
