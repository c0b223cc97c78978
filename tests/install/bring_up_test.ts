/** Two bare hosts, and nothing but what docs/bring-up.md says. */
import assert from "node:assert/strict";
import { needs } from "../skip.ts";
import { bootHost } from "../systemd/lab.ts";
import { link } from "../systemd/link.ts";
import { until } from "../systemd/installed.ts";
import { readBringUp } from "./bring_up.ts";
import { bringDeno, equip, letIn, makeSite, OPERATOR, SITE_NEEDS } from "./site.ts";

Deno.test({
  ...needs("what docs/bring-up.md says makes two bare hosts a receiver and a lab host", {
    ...SITE_NEEDS,
    commands: [...SITE_NEEDS.commands, "caddy", "/usr/share/easy-rsa/easyrsa", "/usr/sbin/sshd"],
  }),
  async fn() {
    await using site = await makeSite();
    await using pi = await bootHost({ name: "pi", diskMb: 4000 });
    await using lab = await bootHost({ name: "lab", diskMb: 4000 });
    await link(lab, pi);
    const hosts = { pi, lab };
    for (const host of [pi, lab]) {
      await equip(host, site);
      await bringDeno(host);
    }
    await letIn(pi, lab, "lab-host-01");
    // Debian starts it where it is installed.
    await pi.run("systemctl enable --now caddy");

    let said = "";
    const blocks = readBringUp();
    assert.equal(blocks.length, 9);
    for (const { machine, script } of blocks) {
      const words = `set -euo pipefail\n{ ${script}} 2>&1`;
      // The doctor may warn of what such a machine lacks, like a synchronised clock.
      const anyCode = script === "sudo cis490 doctor\n";
      const command = ["runuser", "-l", OPERATOR, "-c", words];
      said += (await hosts[machine].run(command, { anyCode })).stdout;
    }

    // The command that brings a host its files is the one that was printed.
    const text = blocks.map(({ script }) => script).join("");
    assert.deepEqual(findTar(said), findTar(text));
    assert.match(said, /^ok +listening/m);
    assert.doesNotMatch(said, /^\s*WRONG/m);

    const modes = await lab.run("cd /etc/cis490 && stat -c '%n %a %U:%G' token pki/client.key");
    assert.equal(modes.stdout, "token 640 root:cis490\npki/client.key 640 root:cis490\n");
    // Enabled is enabled: after a reboot of all, the next episode goes the same way.
    await pi.reboot();
    await lab.reboot();
    await until(lab, 30, "systemctl is-active --quiet cis490-shipper && cis490 ping");
  },
});

/** The words of the command that sends a host its files, in no order: that of the files is the directory's. */
function findTar(text: string): string[] {
  const found = / tar -C \S+\/hosts\/[^]*? --backup=numbered/.exec(text);
  assert.ok(found);
  return found[0].split(/[\s\\]+/).toSorted();
}
