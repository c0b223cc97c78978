import assert from "node:assert/strict";
import { needs } from "../skip.ts";
import { LAB } from "./can_boot.ts";
import { bootHost, must, startTime } from "./lab.ts";
import { link } from "./link.ts";

Deno.test({
  ...needs("a host boots a systemd of its own within 2 s, and leaves nothing behind", LAB),
  async fn() {
    const host = await bootHost({ name: "boots" });
    // The best of three: other work on this machine is not the lab's.
    let ms = Infinity;
    for (let boots = 0; boots < 3 && ms > 2000; boots++) {
      await host.powerCut();
      const started = performance.now();
      await host.boot();
      ms = Math.min(ms, performance.now() - started);
    }
    try {
      assert.equal((await host.run("systemctl is-system-running")).stdout, "running\n");
      assert.equal((await host.run("systemctl --failed --plain --no-legend")).stdout, "");
      assert.equal((await host.run("cat /proc/1/comm; hostname")).stdout, "systemd\nboots\n");
      assert.ok(ms < 2000, `booted in ${ms} ms`);
    } finally {
      await host[Symbol.asyncDispose]();
    }
    await assert.rejects(Deno.stat(host.state), Deno.errors.NotFound);
    assert.ok(!(await Deno.readTextFile("/proc/mounts")).includes(host.state));
  },
});

Deno.test({
  ...needs(
    "what a host writes stays through power cut and reboot, and is not on this machine",
    LAB,
  ),
  async fn() {
    await using host = await bootHost({ name: "keeps", diskMb: 64 });
    const outer = await Deno.makeTempDir();
    try {
      await host.write("/var/lib/lab/a", "1\n", 0o600);
      await host.powerCut();
      await assert.rejects(host.run("true"));
      await host.boot();
      await host.run(["bash", "-c", "cat >> /var/lib/lab/a"], { stdin: "2\n" });
      const id = (await host.run("cat /etc/machine-id")).stdout;
      await host.reboot();
      assert.equal((await host.run("cat /etc/machine-id")).stdout, id);
      await host.get("/var/lib/lab", outer);
      assert.equal(await Deno.readTextFile(`${outer}/lab/a`), "1\n2\n");
      await host.put(`${outer}/lab`, "/srv/copy");
      assert.equal((await host.run("stat -c '%a %U' /srv/copy/lab/a")).stdout, "600 root\n");
      await assert.rejects(Deno.stat("/var/lib/lab"), Deno.errors.NotFound);
      const { stdout } = await host.run("journalctl --list-boots --quiet | wc -l");
      assert.equal(stdout, "3\n");
    } finally {
      await Deno.remove(outer, { recursive: true });
    }
  },
});

Deno.test({
  ...needs("a command's user, exit code and streams come through", LAB),
  async fn() {
    await using host = await bootHost({ name: "runs" });
    const said = await host.run("id -un; echo out; echo err >&2; exit 3", {
      user: "nobody",
      anyCode: true,
    });
    assert.deepEqual(said, { code: 3, stdout: "nobody\nout\n", stderr: "err\n" });
    await assert.rejects(host.run("exit 3"), /exit 3/);
    // The clock, modules and raw I/O are in no namespace.
    const clock = await host.run(["date", "-s", "2030-01-01"], { anyCode: true });
    assert.match(clock.stderr, /not permitted/);
    assert.equal((await host.run("echo 1 > /proc/sys/kernel/panic", { anyCode: true })).code, 1);
  },
});

/** Takes one connection on port 8000 and reads it to its end. */
const SINK = `
import socket
server = socket.create_server(("", 8000))
server.settimeout(20)
connection, _ = server.accept()
while connection.recv(65536): pass
`;

Deno.test({
  ...needs("a link carries, breaks, swallows, loses and throttles", LAB),
  async fn() {
    await using lab = await bootHost({ name: "lab" });
    await using pi = await bootHost({ name: "pi" });
    const cable = await link(lab, pi);
    const connect = async () =>
      (await lab.run("timeout 1 bash -c ': < /dev/tcp/pi/80'", { anyCode: true })).stderr
        .match(/refused|unreachable/i)?.[0] ?? "silence";
    assert.equal(await connect(), "refused");
    await cable.setUp(false);
    assert.equal(await connect(), "unreachable");
    await cable.setUp(true);
    await cable.setBlackHole(true);
    assert.equal(await connect(), "silence");
    await cable.setBlackHole(false);
    assert.equal(await connect(), "refused");
    await cable.setLossPerMille(999);
    assert.equal(await connect(), "silence");
    await cable.setLossPerMille(0);

    const megabyte = async () => {
      const server = pi.run(["python3", "-c", SINK]);
      const line =
        "for i in {1..50}; do (exec 3<>/dev/tcp/pi/8000 && head -c 1000000 /dev/zero >&3) 2>/dev/null && exit; " +
        "sleep 0.05; done; exit 1";
      const started = performance.now();
      await lab.run(line);
      await server;
      return performance.now() - started;
    };
    await cable.setRateMbit(8);
    const slow = await megabyte();
    await cable.setRateMbit(undefined);
    const fast = await megabyte();
    assert.ok(slow > 800, `1 MB at 8 Mbit/s took ${slow} ms`);
    assert.ok(fast < slow / 2, `1 MB without a limit took ${fast} ms`);

    await pi.reboot();
    assert.equal(await connect(), "refused");
    await pi.powerCut();
    assert.notEqual(await connect(), "refused");
    await pi.boot();
    assert.equal(await connect(), "refused");
  },
});

Deno.test({
  ...needs("what an earlier run left is removed, and nothing of a run that lives", LAB),
  async fn() {
    await using mine = await bootHost({ name: "mine" });
    const left = await bootHost({ name: "left" });
    // As if another process with this pid had booted it.
    const other = Number(await startTime(Deno.pid)) - 1;
    await Deno.writeTextFile(`${left.state}/owner`, `${Deno.pid} ${other}\n`);
    await using _next = await bootHost({ name: "next" });
    await assert.rejects(Deno.stat(left.state), Deno.errors.NotFound);
    await assert.rejects(must("kill", ["-0", `${left.pid}`]));
    await mine.run("true");
  },
});

Deno.test({
  ...needs("a noted pid that is another process by now is not killed", LAB),
  async fn() {
    const host = await bootHost({ name: "reused" });
    const stranger = new Deno.Command("sleep", { args: ["60"] }).spawn();
    try {
      await host.powerCut();
      await Deno.writeTextFile(`${host.state}/pid`, `${stranger.pid}\n`);
      await host[Symbol.asyncDispose]();
      await must("kill", ["-0", `${stranger.pid}`]);
    } finally {
      stranger.kill();
      await stranger.status;
    }
  },
});
