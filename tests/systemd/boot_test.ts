/**
 * What a lab host may lack at boot, each by itself: the state after a while, and after the cause is gone. The while is short
 * here; `deno task test:systemd-long` makes it a minute (CIS490_HOLD_S).
 */
import assert from "node:assert/strict";
import { needs } from "../skip.ts";
import { Pki } from "../tls/pki.ts";
import { LAB } from "./can_boot.ts";
import {
  configureReceiver,
  install,
  journal,
  labHostToml,
  RECEIVER,
  record,
  SHIPPER,
  show,
  until,
} from "./installed.ts";
import { bootHost, type Host } from "./lab.ts";
import { link } from "./link.ts";

const CONFIG = "/etc/cis490/lab-host.toml";
const HOLD_S = Number(Deno.env.get("CIS490_HOLD_S") ?? 6);

const CADDYFILE = `{
	admin off
	auto_https off
}
https://pi:8443 {
	tls /root/pki/pi.crt /root/pki/pi.key {
		client_auth {
			mode require_and_verify
			trusted_ca_cert_file /root/pki/ca.crt
		}
	}
	reverse_proxy 127.0.0.1:8490
}
`;

/** A receiver behind a proxy with mutual TLS, as it should be; returns the commit that it accepts. */
async function setUpReceiver(pi: Host, pki: Pki): Promise<string> {
  await install(pi);
  const commit = await configureReceiver(pi);
  const { cert, key } = await pki.issue("pi");
  for (const path of [cert, key, pki.caBundle]) await pi.put(path, "/root/pki");
  await pi.write("/root/Caddyfile", CADDYFILE);
  await pi.run(["systemctl", "start", RECEIVER]);
  await startProxy(pi);
  return commit;
}

async function startProxy(pi: Host): Promise<void> {
  const caddy = ["caddy", "run", "--adapter", "caddyfile", "--config", "/root/Caddyfile"];
  await pi.run(["systemd-run", "--unit=proxy", "-p", "Environment=HOME=/root", ...caddy]);
}

/** An installed and enabled shipper with all that it needs. */
async function setUpShipper(lab: Host, pi: Host, pki: Pki): Promise<void> {
  await install(lab);
  const { cert, key } = await pki.issue("lab-1");
  for (const path of [cert, key, pki.caBundle]) await lab.put(path, "/root/pki");
  await lab.run(`
    set -e
    mkdir -p /etc/cis490/pki
    cp /root/pki/ca.crt /etc/cis490/pki/ca.crt
    cp /root/pki/lab-1.crt /etc/cis490/pki/client.crt
    cp /root/pki/lab-1.key /etc/cis490/pki/client.key
    chown -R root:cis490 /etc/cis490/pki
    chmod -R g+rX /etc/cis490/pki
  `);
  await lab.write(CONFIG, labHostToml().replace("http://127.0.0.1:8490", "https://pi:8443"));
  const { stdout } = await pi.run("cis490 receive token add lab-1");
  await lab.write("/etc/cis490/token", stdout, 0o644);
}

const hold = () => new Promise((resolve) => setTimeout(resolve, HOLD_S * 1000));

Deno.test({
  ...needs(
    `what a lab host lacks at boot keeps the shipper waiting, for ${HOLD_S} s and until it is there`,
    {
      ...LAB,
      commands: [...LAB.commands ?? [], "caddy", "openssl"],
    },
  ),
  async fn(t) {
    await using pki = await Pki.create("lab");
    await using lab = await bootHost({ name: "lab", diskMb: 500 });
    await using pi = await bootHost({ name: "pi" });
    await link(lab, pi);
    const commit = await setUpReceiver(pi, pki);

    await t.step("without a configuration it is not started at all", async () => {
      await install(lab);
      await lab.run(["systemctl", "enable", SHIPPER]);
      await lab.reboot();
      assert.equal(await show(lab, SHIPPER, "ActiveState"), "inactive");
      assert.equal((await lab.run("systemctl is-system-running")).stdout, "running\n");
      await setUpShipper(lab, pi, pki);
    });

    /** Boots without something, lets an episode be recorded, waits, and gives it back. */
    async function lacks(
      what: string,
      take: string | (() => Promise<unknown>),
      state: () => Promise<void>,
      giveBack: string | (() => Promise<unknown>),
    ): Promise<void> {
      const run = async (step: typeof take) => {
        if (typeof step === "string") await lab.run(step);
        else await step();
      };
      const isPassed = await t.step(`without ${what}`, async () => {
        const id = what.replaceAll(" ", "-");
        await run(take);
        await lab.reboot();
        await record(lab, [id], commit);
        await hold();
        await state();
        await lab.run(`test -d /var/lib/cis490/episodes/${id}`);
        await run(giveBack);
        await until(lab, 60, `test -d /var/lib/cis490/shipped/${id}/episode`);
        assert.equal(await show(lab, SHIPPER, "ActiveState"), "active");
      });
      assert.ok(isPassed, "the others would meet what this one left");
    }

    /** It runs, was never restarted, and says what it waits for. */
    const waitsFor = (words: RegExp, id?: string) => async () => {
      assert.equal(await show(lab, SHIPPER, "ActiveState"), "active");
      assert.equal(await show(lab, SHIPPER, "NRestarts"), "0");
      assert.match(await show(lab, SHIPPER, "StatusText"), words);
      if (id !== undefined) await lab.run(`test -f /var/lib/cis490/outbox/${id}.tar.zst`);
    };

    await lacks(
      "certificates",
      "mkdir /root/away; mv /etc/cis490/pki/* /root/away; touch '/var/lib/cis490/episodes/no episode'",
      async () => {
        await waitsFor(/nothing is sent: .*is missing/, "certificates")();
        // Found once a second: said at a falling rate.
        for (const event of ["event=receiver-away", "event=stranger"]) {
          const { stdout } = await lab.run(`journalctl -b -u ${SHIPPER} -o cat | grep -c ${event}`);
          assert.ok(Number(stdout) <= (HOLD_S < 50 ? 1 : 2), `${event}: ${stdout}`);
        }
      },
      "rm '/var/lib/cis490/episodes/no episode'; mv /root/away/* /etc/cis490/pki",
    );
    await lacks(
      "a network",
      () => pi.run("ip link set eth0 down"),
      waitsFor(/nothing is sent: /, "a-network"),
      () => pi.run("ip link set eth0 up"),
    );
    await lacks(
      "a receiver",
      () => pi.run(`systemctl stop proxy ${RECEIVER}`),
      waitsFor(/nothing is sent: .*refused/, "a-receiver"),
      async () => {
        await pi.run(["systemctl", "start", RECEIVER]);
        await startProxy(pi);
      },
    );
    await lacks(
      "space on the disk",
      "dd if=/dev/zero of=/var/fill bs=1M status=none; truncate -s -2M /var/fill",
      waitsFor(/^1 episode waiting/),
      "rm /var/fill",
    );
    await lacks(
      "a configuration that can be used",
      `sed -i s/host_id/hots_id/ ${CONFIG}`,
      async () => {
        const starts = await journal(lab, SHIPPER, "lab-host\\.toml:1: hots_id: unknown key");
        // At once, then after 5, 10, 20 s and so on: restart-delay waits besides RestartSec=5s.
        const most = 1 + Math.ceil(Math.log2(HOLD_S / 5 + 1));
        assert.ok(starts.length >= 1 && starts.length <= most, `${starts.length} of ${most}`);
        assert.notEqual(await show(lab, SHIPPER, "ActiveState"), "active");
        await until(lab, 30, `journalctl -b -u ${SHIPPER} | grep -q 'start 2 after a failure'`);
      },
      `sed -i s/hots_id/host_id/ ${CONFIG}`,
    );

    await t.step("a restart by hand after failures is not delayed, and counts anew", async () => {
      await lab.run(`sed -i s/host_id/hots_id/ ${CONFIG}`);
      await lab.run(["systemctl", "restart", SHIPPER], { anyCode: true });
      const delayed = `journalctl -b -u ${SHIPPER} | grep -c 'start 2 after a failure'`;
      await until(lab, 30, `test "$(${delayed})" = 2`);
      await lab.run(`sed -i s/hots_id/host_id/ ${CONFIG}`);
      const began = performance.now();
      await lab.run(["systemctl", "restart", SHIPPER]);
      assert.ok(performance.now() - began < 4500);
      assert.equal(await show(lab, SHIPPER, "NRestarts"), "0");
    });
  },
});
