/** The daemons under a real systemd: start, stop, reload, signals, what systemd is told. */
import assert from "node:assert/strict";
import { needs } from "../skip.ts";
import { LAB } from "./can_boot.ts";
import {
  configureReceiver,
  configureShipper,
  dropIn,
  install,
  journal,
  RECEIVER,
  record,
  SHIPPER,
  show,
  until,
} from "./installed.ts";
import { bootHost, type Host } from "./lab.ts";

const EPISODES = "/var/lib/cis490/episodes";

async function pidOf(host: Host, unit: string): Promise<string> {
  return await show(host, unit, "MainPID");
}

Deno.test({
  ...needs("an installed lab host and receiver start, ship, reload and stop", LAB),
  async fn(t) {
    await using host = await bootHost({ name: "lab" });
    await install(host);
    const commit = await configureReceiver(host);
    await configureShipper(host);
    await host.run(["systemctl", "start", RECEIVER, SHIPPER]);

    await t.step("active means ready, and the status is a sentence", async () => {
      await record(host, ["a", "b"], commit);
      await until(host, 30, `test -d /var/lib/cis490/shipped/b/episode`);
      const status = () => show(host, SHIPPER, "StatusText");
      await until(host, 30, `systemctl show -P StatusText ${SHIPPER} | grep -q 'nothing waits'`);
      assert.equal(await status(), "nothing waits; receiver reachable");
      assert.equal(await show(host, RECEIVER, "StatusText"), "listens on 127.0.0.1:8490, ready");
    });

    await t.step("journal lines have their priority", async () => {
      const line = `journalctl -u ${SHIPPER} -o json --all | grep event=shipper-started`;
      const { PRIORITY } = JSON.parse((await host.run(line)).stdout);
      assert.equal(PRIORITY, "5");
    });

    await t.step("status.json says what runs, and anybody may read it", async () => {
      const { stdout } = await host.run("cat /run/cis490-shipper/status.json", { user: "nobody" });
      const status = JSON.parse(stdout);
      assert.equal(`${status.pid}`, await pidOf(host, SHIPPER));
      assert.equal(status.words, "nothing waits; receiver reachable");
      assert.deepEqual(status.stuck, []);
    });

    await t.step(
      "a bad configuration is refused with its errors, and the old one stays",
      async () => {
        for (
          const [unit, file] of [[SHIPPER, "lab-host.toml"], [RECEIVER, "receiver.toml"]] as const
        ) {
          const pid = await pidOf(host, unit);
          const file_ = `/etc/cis490/${file}`;
          await host.run(`cp ${file_} /tmp/good.toml; printf 'x = 1\\ny = 2\\n' >> ${file_}`);
          await host.run(["systemctl", "reload", unit]);
          await until(host, 30, `journalctl -u ${unit} | grep -q event=reload-refused`);
          const [refused = ""] = await journal(host, unit, "reload-refused");
          assert.match(refused, /x: unknown key.*y: unknown key/s);
          await host.run(`cp /tmp/good.toml ${file_}; systemctl reload ${unit}`);
          await until(host, 30, `journalctl -u ${unit} | grep -q event=reloaded`);
          await until(host, 30, `systemctl is-active ${unit}`);
          assert.equal(await pidOf(host, unit), pid);
        }
        await record(host, ["c"], commit);
        await until(host, 30, `test -d /var/lib/cis490/shipped/c/episode`);
      },
    );

    await t.step("a receiver's address needs a restart, and says so", async () => {
      await host.run(`sed -i.good s/8490/8491/ /etc/cis490/receiver.toml`);
      await host.run(["systemctl", "reload", RECEIVER]);
      await until(host, 30, `journalctl -u ${RECEIVER} | grep -q 'need a restart'`);
      await host.run(`mv /etc/cis490/receiver.toml.good /etc/cis490/receiver.toml`);
    });

    await t.step("ship --now and SIGUSR1 try everything at once", async () => {
      await host.run(["systemctl", "stop", RECEIVER]);
      await record(host, ["d"], commit);
      await until(host, 30, `journalctl -u ${SHIPPER} | grep -q event=receiver-away`);
      await host.run(["systemctl", "start", RECEIVER]);
      const { stdout } = await host.run("cis490 ship --now", { user: "cis490" });
      assert.match(stdout, /^told the shipper \(pid \d+\)/);
      await until(host, 4, `test -d /var/lib/cis490/shipped/d/episode`);
      const asNobody = await host.run("cis490 ship --now", { user: "nobody", anyCode: true });
      assert.match(asNobody.stderr, /run as root or as the user cis490/);
    });

    await t.step("a second shipper says who is at work; the timer's pass is skipped", async () => {
      const second = await host.run("cis490 ship --once", { user: "cis490", anyCode: true });
      assert.equal(second.code, 1);
      assert.match(second.stderr, new RegExp(`pid ${await pidOf(host, SHIPPER)}\\)`));
      await host.run("systemctl start cis490-ship.service");
      assert.equal(await show(host, "cis490-ship", "ConditionResult"), "no");
    });

    await t.step("SIGTERM ends both in time, and nothing is lost", async () => {
      await host.run(["systemctl", "stop", SHIPPER, RECEIVER]);
      for (const unit of [SHIPPER, RECEIVER]) {
        assert.equal(await show(host, unit, "Result"), "success");
        assert.equal(await show(host, unit, "NRestarts"), "0");
      }
      const now = await host.run("cis490 ship --now", { anyCode: true });
      assert.match(now.stderr, /no shipper works on \/var\/lib\/cis490/);
    });

    await t.step("the timer's unit ships without the daemon", async () => {
      await host.run(["systemctl", "start", RECEIVER]);
      await record(host, ["e"], commit);
      await host.run("systemctl start cis490-ship.service");
      await host.run(`test -d /var/lib/cis490/shipped/e/episode -a ! -e ${EPISODES}/e`);
    });

    await t.step("the proxy's group reaches the socket, nobody else", async () => {
      await configureReceiver(host, "unix:/run/cis490/receive.sock");
      await host.run("useradd -G cis490 web; systemctl restart cis490-receiver");
      const { stdout } = await host.run("stat -c '%a %U %G' /run/cis490 /run/cis490/receive.sock");
      assert.equal(stdout, "750 cis490 cis490\n660 cis490 cis490\n");
      const curl = "curl -s --unix-socket /run/cis490/receive.sock http://pi/readyz";
      const answer = await host.run(curl, { user: "web" });
      assert.deepEqual(JSON.parse(answer.stdout), { ready: true, reasons: [] });
      assert.notEqual((await host.run(curl, { user: "nobody", anyCode: true })).code, 0);
      await until(
        host,
        30,
        `systemctl show -P StatusText ${RECEIVER} | grep -q 'receive.sock, ready'`,
      );
    });

    await t.step(
      "the drop-in for the token: a credential, from a file that only root reads",
      async () => {
        const document = await Deno.readTextFile(new URL("../../docs/systemd.md", import.meta.url));
        const [, lines = ""] = /```ini\n\[Service\]\n(LoadCredential=.*)\n```/.exec(document) ?? [];
        await dropIn(host, SHIPPER, lines);
        await host.run(`
        set -e
        sed -i 's,^url = .*,&\\ntoken_file = "credential:token",' /etc/cis490/lab-host.toml
        chown root:root /etc/cis490/token
        chmod 600 /etc/cis490/token
      `);
        await configureReceiver(host);
        await host.run(["systemctl", "restart", RECEIVER, SHIPPER]);
        await record(host, ["f"], commit);
        await until(host, 30, `test -d /var/lib/cis490/shipped/f/episode`);
      },
    );

    await t.step("exposure, as the running systemd sees it", async () => {
      const line = `systemd-analyze security --no-pager ${SHIPPER} ${RECEIVER} | grep Overall`;
      const { stdout } = await host.run(line);
      for (const [, exposure] of stdout.matchAll(/service: ([0-9.]+)/g)) {
        assert.ok(Number(exposure) <= 1.1, stdout);
      }
    });
  },
});

/** `deno task test:systemd-long` has 100. */
const KILLS = Number(Deno.env.get("CIS490_KILLS") ?? 15);

Deno.test({
  ...needs(`${KILLS} random SIGKILLs under load: every episode arrives once`, LAB),
  async fn() {
    await using host = await bootHost({ name: "lab" });
    await install(host);
    const commit = await configureReceiver(host);
    await configureShipper(host);
    await dropIn(host, SHIPPER, "RestartSec=50ms\nExecStartPre=");
    await host.run(["systemctl", "start", RECEIVER, SHIPPER]);
    const ids = Array.from({ length: KILLS * 2 }, (_, i) => `run-${i}`);
    for (let kill = 0; kill < KILLS; kill++) {
      await record(host, ids.slice(kill * 2, kill * 2 + 2), commit, 2048);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 400));
      await until(host, 30, `systemctl is-active ${SHIPPER} && systemctl kill -s KILL ${SHIPPER}`);
    }
    await until(host, 60, `test "$(ls ${EPISODES} | wc -l)" = 0`);
    const stored = await host.run("ls /var/lib/cis490/store/episodes/lab-1 | wc -l");
    assert.equal(Number(stored.stdout), ids.length * 2, "an archive and a receipt each");
    const shipped = await host.run("ls -d /var/lib/cis490/shipped/*/episode | wc -l");
    assert.equal(Number(shipped.stdout), ids.length);
    const outbox = await host.run("ls /var/lib/cis490/outbox /var/lib/cis490/quarantine");
    assert.equal(outbox.stdout, "/var/lib/cis490/outbox:\n\n/var/lib/cis490/quarantine:\n");
    assert.equal(await show(host, SHIPPER, "NRestarts"), `${KILLS}`);
    assert.deepEqual(await journal(host, SHIPPER, "start-limit"), []);
  },
});
