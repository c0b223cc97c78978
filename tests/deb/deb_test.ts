/** The Debian package on a host with a systemd and a dpkg of its own, and as lintian sees it. */
import assert from "node:assert/strict";
import { copyTree } from "../install/site.ts";
import { needs } from "../skip.ts";
import { LAB } from "../systemd/can_boot.ts";
import { bootHost, type Host, must } from "../systemd/lab.ts";
import { configureReceiver, configureShipper, record, show, until } from "../systemd/installed.ts";

const ROOT = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");
const DPKG = { commands: ["dpkg-deb", "git"] };

/** A copy of this tree as two commits with two versions, and a package of each. */
async function buildPackages(directory: string): Promise<{ old: string; next: string }> {
  const line = `
    set -eu
    cd "$1/work"
    for version in 0.1.0 9.9.9; do
      sed -i 's/^  "version": ".*",$/  "version": "'"$version"'",/' deno.json
      git add -A
      git -c user.name=lab -c user.email=lab@localhost commit -q --allow-empty -m "$version"
      git -c user.name=lab -c user.email=lab@localhost tag "v$version"
      "$2" run -A --frozen=false tools/deb/main.ts --fast
    done`;
  await copyTree(`${directory}/work`);
  await must("bash", ["-c", line, "build", directory, Deno.execPath()]);
  await must("git", ["clone", "-q", `${directory}/work`, `${directory}/tree`]);
  const arch = (await must("dpkg", ["--print-architecture"])).stdout.trim();
  const file = (version: string) => `${directory}/work/dist/cis490_${version}_${arch}.deb`;
  return { old: file("0.1.0"), next: file("9.9.9") };
}

async function put(host: Host, file: string): Promise<string> {
  await host.put(file, "/root");
  return `/root/${file.slice(file.lastIndexOf("/") + 1)}`;
}

const SHIPPED = "test -e /var/lib/cis490/shipped/first/receipt.json";

Deno.test({
  ...needs("the package is installed, upgraded under a running shipper, removed and purged", {
    ...LAB,
    commands: [...LAB.commands ?? [], ...DPKG.commands, "setfacl"],
  }),
  async fn(t) {
    const directory = await Deno.makeTempDir({ prefix: "cis490-deb-" });
    try {
      const packages = await buildPackages(directory);
      await using host = await bootHost({ name: "lab-1", diskMb: 3000 });
      const running = async () => {
        const pid = await show(host, "cis490-shipper", "MainPID");
        return (await host.run(`/proc/${pid}/exe version --json`)).stdout;
      };

      await t.step("install: nothing is enabled, and both roles can be", async () => {
        await host.run(["dpkg", "--install", await put(host, packages.old)]);
        assert.equal(await show(host, "cis490-shipper", "UnitFileState"), "disabled");
        assert.equal(await show(host, "cis490-receiver", "UnitFileState"), "disabled");
        const commit = await configureReceiver(host);
        await configureShipper(host);
        await host.run("systemctl enable --now cis490-receiver cis490-shipper");
        await record(host, ["first"], commit);
        await until(host, 20, SHIPPED);
        assert.match(await running(), /"version": "0\.1\.0"/);
      });

      await t.step("upgrade: what runs is the new binary, what was edited stays", async () => {
        await host.run("echo '# mine' >> /etc/cis490/lab-host.toml.example");
        await host.run(["dpkg", "--install", "--force-confold", await put(host, packages.next)]);
        assert.match(await running(), /"version": "9\.9\.9"/);
        assert.equal(await show(host, "cis490-receiver", "ActiveState"), "active");
        assert.match(
          (await host.run("tail -n 1 /etc/cis490/lab-host.toml.example")).stdout,
          /mine/,
        );
        await host.run(SHIPPED);
      });

      await t.step(
        "what the installers put in the way is named before anything changes",
        async () => {
          await host.run(
            "install -D /dev/null /usr/local/lib/systemd/system/cis490-shipper.service",
          );
          const said = await host.run("dpkg --install /root/cis490_9.9.9_*.deb", { anyCode: true });
          assert.notEqual(said.code, 0);
          assert.match(said.stderr, /install-lab-host\.sh uninstall/);
          await host.run("rm /usr/local/lib/systemd/system/cis490-shipper.service");
          assert.equal(await show(host, "cis490-shipper", "ActiveState"), "active");
        },
      );

      await t.step("an installer leaves the package's files alone, and does the rest", async () => {
        const started = await show(host, "cis490-shipper", "InvocationID");
        await record(host, ["unstamped"], "none");
        await host.put(`${directory}/tree`, "/srv");
        const { stdout } = await host.run("/srv/tree/install/install-lab-host.sh 2>&1");
        assert.match(stdout, /ok: \/usr\/bin\/cis490: the Debian package's/);
        assert.match(stdout, /ok: cis490-shipper\.service runs what is installed/);
        await host.run(`
          set -e
          test ! -e /usr/local/lib/systemd/system/cis490-shipper.service
          test -e /opt/cis490/install/install-lab-host.sh
          test -d /var/lib/cis490/quarantine/unstamped`);
        assert.equal(await show(host, "cis490-shipper", "InvocationID"), started);
        const said = await host.run("/srv/tree/install/install-lab-host.sh uninstall", {
          anyCode: true,
        });
        assert.equal(said.code, 1);
        assert.match(said.stderr, /apt-get remove cis490/);
      });

      await t.step("remove: units and binary go, configuration and data stay", async () => {
        await host.run("mkdir /var/lib/cis490/episodes/waiting");
        await host.run(["dpkg", "--remove", "cis490"]);
        await host.run(`
          set -e
          test ! -e /usr/bin/cis490
          test "$(systemctl is-active cis490-shipper)" = inactive
          test -e /etc/cis490/lab-host.toml
          test -d /var/lib/cis490/episodes/waiting
          ${SHIPPED}`);
      });

      await t.step("installed again: what was enabled is enabled again", async () => {
        await host.run("dpkg --install /root/cis490_9.9.9_*.deb");
        assert.equal(await show(host, "cis490-shipper", "UnitFileState"), "enabled");
        await until(host, 20, "systemctl is-active cis490-shipper");
      });

      await t.step(
        "purge: an episode that was not shipped stays; without one all goes",
        async () => {
          const { stderr } = await host.run(["dpkg", "--purge", "cis490"]);
          assert.match(stderr, /episodes may hold the only copies/);
          await host.run("test -d /var/lib/cis490/episodes/waiting && test ! -e /etc/cis490");
          await host.run(
            "rm -r /var/lib/cis490/episodes/waiting /var/lib/cis490/quarantine/* /var/lib/cis490/store",
          );
          await host.run("dpkg --install /root/cis490_9.9.9_*.deb && dpkg --purge cis490");
          await host.run("test ! -e /var/lib/cis490");
        },
      );
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
});

Deno.test({
  ...needs("lintian has nothing to say of either architecture's package", {
    commands: [...DPKG.commands, "lintian"],
  }),
  async fn() {
    const { stdout } = await must(Deno.execPath(), [
      ...["run", "-A", `${ROOT}/tools/deb/main.ts`, "--all", "--fast"],
    ]);
    const files = stdout.trim().split("\n").map((name) => `${ROOT}/${name}`);
    assert.equal(files.length, 2);
    for (const file of files) {
      // lintian does not like to be root's, and need not be.
      const said = await must("lintian", ["--allow-root", "--fail-on", "error,warning", file]);
      assert.equal(said.stdout, "", file);
    }
  },
});
