/** The units themselves, without the program. */
import assert from "node:assert/strict";
import { needs } from "../skip.ts";

const UNITS = new URL("../../systemd/", import.meta.url).pathname;
const ANALYZE = { commands: ["systemd-analyze"] };

async function analyze(...args: string[]): Promise<string> {
  const { stdout, stderr } = await new Deno.Command("systemd-analyze", {
    args,
    cwd: UNITS,
    env: { SYSTEMD_COLORS: "0" },
  }).output();
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}

async function settings(unit: string): Promise<string[]> {
  const text = await Deno.readTextFile(`${UNITS}${unit}`);
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

Deno.test({
  ...needs("systemd finds nothing wrong with the units", ANALYZE),
  async fn() {
    for await (const { name } of Deno.readDir(UNITS)) {
      if (!/\.(service|timer)$/.test(name)) continue;
      const lines = (await analyze("verify", "--man=no", `./${name}`)).split("\n");
      // The program is not installed on this machine.
      const faults = lines.filter((line) => line !== "" && !/ is not executable: /.test(line));
      assert.deepEqual(faults, [], name);
    }
  },
});

Deno.test({
  ...needs("the exposure of every unit that runs the program is 1.1 or lower", ANALYZE),
  async fn() {
    for (const unit of ["cis490-shipper", "cis490-receiver", "cis490-ship"]) {
      const said = await analyze("security", "--offline=true", "--no-pager", `${unit}.service`);
      const exposure = Number(/Overall exposure level for \S+: ([0-9.]+)/.exec(said)?.[1]);
      assert.ok(exposure <= 1.1, `${unit}: ${exposure}\n${said}`);
    }
  },
});

Deno.test("the sandbox of all units is the same but for the addresses", async () => {
  const sandbox = async (unit: string) => {
    const lines = await settings(unit);
    return lines.slice(lines.indexOf("NoNewPrivileges=yes"))
      .filter((line) => !/^(IPAddress|\[Install\]|WantedBy)/.test(line));
  };
  const shipper = await sandbox("cis490-shipper.service");
  assert.ok(shipper.length > 25);
  assert.deepEqual(await sandbox("cis490-receiver.service"), shipper);
  assert.deepEqual(await sandbox("cis490-ship.service"), shipper);
});

Deno.test("nothing strands a daemon: no start limit, a watchdog, restarts", async () => {
  for (const unit of ["cis490-shipper.service", "cis490-receiver.service"]) {
    const lines = await settings(unit);
    for (
      const line of [
        "StartLimitIntervalSec=0",
        "Type=notify",
        "WatchdogSec=180",
        "Restart=on-failure",
        "ExecStartPre=-/usr/lib/cis490/restart-delay %N",
      ]
    ) assert.ok(lines.includes(line), `${unit}: ${line}`);
  }
});

Deno.test("no two units share a runtime directory: the first to stop would remove it", async () => {
  const directories: string[] = [];
  for await (const { name } of Deno.readDir(UNITS)) {
    if (!name.endsWith(".service")) continue;
    const lines = await settings(name);
    for (const line of lines) {
      const directory = /^RuntimeDirectory=(.*)$/.exec(line)?.[1];
      if (directory !== undefined) directories.push(...directory.split(" "));
    }
  }
  assert.deepEqual(directories, [...new Set(directories)]);
});
