/** The tunnel of docs/wireguard.md between two hosts, by WireGuard's implementation outside the kernel. */
import assert from "node:assert/strict";
import { needs } from "../skip.ts";
import { LAB } from "../systemd/can_boot.ts";
import { bootHost, type Host } from "../systemd/lab.ts";
import { configureReceiver, install, until } from "../systemd/installed.ts";
import { ADDRESSES, link } from "../systemd/link.ts";
import { runPage } from "../install/page.ts";

const PAGE = new URL("../../docs/wireguard.md", import.meta.url);
const TEMPLATES = new URL("../../install/wireguard", import.meta.url).pathname;
/** The addresses outside of the tunnel; those of the cable are the tunnel's here. */
const OUTER = ["192.0.2.1", "192.0.2.2"] as const;

async function renumber(host: Host, end: 0 | 1): Promise<void> {
  await host.run(`
    set -e
    ip address del ${ADDRESSES[end]}/24 dev eth0
    ip address add ${OUTER[end]}/24 dev eth0
    sed -i '/ \\(lab\\|pi\\)$/d' /etc/hosts
    echo '${OUTER[1]} pi' >> /etc/hosts
  `);
}

Deno.test({
  ...needs(
    "the receiver is reached through the tunnel that docs/wireguard.md makes, and no other way",
    {
      ...LAB,
      commands: [...LAB.commands ?? [], "wg-quick", "wireguard-go", "ping", "curl"],
    },
  ),
  async fn() {
    await using pi = await bootHost({ name: "pi" });
    await using lab = await bootHost({ name: "lab-1" });
    await link(lab, pi);
    await renumber(lab, 0);
    await renumber(pi, 1);
    for (const host of [pi, lab]) {
      await install(host);
      await host.put(TEMPLATES, "/opt/cis490/install");
    }
    await runPage(await Deno.readTextFile(PAGE), { pi, lab });

    await configureReceiver(pi, "10.77.0.1:8490");
    await pi.write(
      "/etc/systemd/system/cis490-receiver.service.d/lab.conf",
      "[Service]\nIPAddressDeny=\n",
    );
    await pi.run("systemctl daemon-reload && systemctl start cis490-receiver");
    const ask = "curl -fsS -m 10 http://10.77.0.1:8490/readyz";
    await until(lab, 10, ask);

    // The control: without the tunnel there is no way to that address.
    await lab.run("systemctl stop wg-quick@cis490");
    assert.notEqual((await lab.run(ask, { anyCode: true })).code, 0);
  },
});

Deno.test({
  ...needs("wg-quick reads both templates, and wg refuses one whose key was not filled in", {
    commands: ["wg-quick", "wg"],
    root: true,
  }),
  async fn() {
    const key = await output("sh", ["-c", "wg genkey | wg pubkey"]);
    for (const end of ["receiver", "lab-host"]) {
      const template = await Deno.readTextFile(`${TEMPLATES}/${end}.conf.example`);
      const filled = template
        .replaceAll(/[A-Z_]+_PUBLIC_KEY/g, key.stdout.trim())
        .replaceAll("RECEIVER_ADDRESS", "192.0.2.2");
      assert.match(await refusal(filled), /No such device|not permitted|Unable to modify/, end);
      assert.match(await refusal(template), /Key is not the correct length or format/, end);
    }
  },
});

/** What wg says of a configuration for an interface that is not there: of the words, before it is of the interface. */
async function refusal(text: string): Promise<string> {
  const directory = await Deno.makeTempDir();
  try {
    const path = `${directory}/cis490.conf`;
    await Deno.writeTextFile(path, text, { mode: 0o600 });
    const stripped = await output("wg-quick", ["strip", path]);
    assert.equal(stripped.code, 0, stripped.stderr);
    assert.doesNotMatch(stripped.stdout, /Address|PostUp/);
    await Deno.writeTextFile(path, stripped.stdout);
    const { code, stderr } = await output("wg", ["setconf", "cis490-none", path]);
    assert.notEqual(code, 0);
    return stderr;
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function output(command: string, args: readonly string[]) {
  const { code, stdout, stderr } = await new Deno.Command(command, { args: [...args] }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}
