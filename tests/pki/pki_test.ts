/** The authority of install/pki.sh, in use: real easy-rsa, real Caddy, both ends the compiled binary. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { BINARY } from "../e2e/lab.ts";
import { needs } from "../skip.ts";
import type { Leaf } from "../tls/pki.ts";
import { startFront } from "../transport/front.ts";
import { LabHost, runBinary, type Said } from "../transport/lab_host.ts";
import { Pi } from "../transport/pi.ts";

const SCRIPT = fileURLToPath(new URL("../../install/pki.sh", import.meta.url));
const PARTS = { commands: ["openssl", "/usr/share/easy-rsa/easyrsa"] };
const HOST = "lab-host-01";

/** An authority and what Caddy reads, in a directory of their own. */
class Trust implements AsyncDisposable {
  private constructor(readonly root: string) {}

  static async create(): Promise<Trust> {
    return new Trust(await Deno.makeTempDir({ prefix: "cis490-trust-" }));
  }

  /** `config`: the receiver's, for tokens. */
  async run(args: readonly string[], config = "/none"): Promise<Said> {
    const path = Deno.env.get("PATH") ?? "";
    const output = await new Deno.Command(SCRIPT, {
      args: ["--ca", `${this.root}/ca`, "--pki", this.pki, ...args],
      env: { PATH: `${BINARY.replace(/\/cis490$/, "")}:${path}`, CIS490_CONFIG: config },
      stdin: "null",
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code: output.code, stdout: text(output.stdout), stderr: text(output.stderr) };
  }

  get pki(): string {
    return `${this.root}/pki`;
  }
  get server(): Leaf {
    return { cert: `${this.pki}/server.crt`, key: `${this.pki}/server.key` };
  }
  /** Where the files of a lab host lie that are to be brought there. */
  bundle(host: string): string {
    return `${this.root}/ca/hosts/${host}/etc/cis490`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.root, { recursive: true });
  }
}

function done({ code, stderr }: Said): void {
  assert.equal(code, 0, stderr);
}

Deno.test({
  ...needs("an enrolled host is let in, by its renewed certificate too, and a revoked one is not", {
    commands: [...PARTS.commands, "caddy"],
  }),
  async fn() {
    await using trust = await Trust.create();
    await using pi = await Pi.start();
    done(await trust.run(["init", "localhost", "127.0.0.1"]));
    const enrolled = await trust.run(["enroll", HOST], pi.config);
    done(enrolled);
    const bundle = trust.bundle(HOST);
    // As printed, but for the other machine: here it is a directory.
    const brought = `${trust.root}/brought`;
    await Deno.mkdir(brought);
    const there = "| ssh lab-host-01 sudo tar -C / ";
    const line = enrolled.stderr.split("\n").find((text) => text.includes(there)) ?? "";
    done(await run("bash", "-c", line.replace(there, `| tar -C ${brought} `)));
    for (
      const [file, mode] of [
        ["token", 0o640],
        ["lab-host.toml", 0o640],
        ["pki/client.key", 0o640],
        ["pki/client.crt", 0o644],
        ["pki/ca.crt", 0o644],
      ] as const
    ) {
      const path = `${brought}/etc/cis490/${file}`;
      assert.equal((await Deno.stat(path)).mode! & 0o777, mode, file);
      assert.deepEqual(await Deno.readFile(path), await Deno.readFile(`${bundle}/${file}`), file);
    }
    assert.match(
      await Deno.readTextFile(`${bundle}/lab-host.toml`),
      /^host_id = "lab-host-01"\n\n\[receiver\]\nurl = "https:\/\/localhost:8443"\n$/,
    );

    const startProxy = () =>
      startFront(trust.server, `${trust.pki}/ca.crt`, pi.socket, {
        CIS490_REVOKED: `${trust.pki}/revoked*.caddy`,
      });
    const files = {
      ca: `${bundle}/pki/ca.crt`,
      cert: `${bundle}/pki/client.crt`,
      key: `${bundle}/pki/client.key`,
    };
    const token = (await Deno.readTextFile(`${bundle}/token`)).trim();
    const ping = async (port: number, name: string) => {
      const url = `https://${name}:${port}`;
      await using host = await LabHost.create({
        url,
        token,
        stamp: pi.stamp,
        certificates: files,
      });
      return await host.run("ping");
    };
    {
      await using front = await startProxy();
      for (const name of ["localhost", "127.0.0.1"]) {
        const { code, stdout, stderr } = await ping(front.port, name);
        assert.equal(code, 0, stdout + stderr);
      }
      const first = await Deno.readTextFile(files.cert);
      done(await trust.run(["renew", HOST], pi.config));
      assert.notEqual(await Deno.readTextFile(files.cert), first);
      const { code, stdout, stderr } = await ping(front.port, "localhost");
      assert.equal(code, 0, stdout + stderr);
    }
    // Its files are deleted by the revocation; whoever has a copy keeps it.
    const copy = `${trust.root}/copy`;
    done(await run("cp", "-r", bundle, copy));
    // Where the tokens can't be seen, nothing is said to be revoked.
    const blind = await trust.run(["revoke", HOST]);
    assert.equal(blind.code, 1);
    assert.match(blind.stderr, /tokens can't be taken away, and nothing was done/);
    // A host that is called receiver is another one: the receiver keeps its certificate.
    done(await trust.run(["revoke", "receiver"], pi.config));
    assert.match((await trust.run(["list"])).stdout, /^valid .* localhost /m);
    done(await trust.run(["revoke", HOST], pi.config));
    assert.doesNotMatch(
      (await runBinary(["receive", "token", "list", "--config", pi.config])).stdout,
      /lab-host-01/,
    );
    assert.deepEqual(await pi.receipts(HOST), new Map());
    files.ca = `${copy}/pki/ca.crt`;
    files.cert = `${copy}/pki/client.crt`;
    files.key = `${copy}/pki/client.key`;
    await using front = await startProxy();
    const refused = await ping(front.port, "localhost");
    assert.equal(refused.code, 1);
    assert.match(refused.stdout, /^token +FAILED .*this host's certificate was revoked$/m);
    // The control: another host's certificate of the same authority comes through to the receiver.
    done(await trust.run(["enroll", "lab-host-02"], pi.config));
    const other = `${trust.bundle("lab-host-02")}/pki`;
    files.cert = `${other}/client.crt`;
    files.key = `${other}/client.key`;
    const unknown = await ping(front.port, "localhost");
    assert.match(unknown.stdout, /^token +FAILED .*the token is not one of this receiver's$/m);

    const again = await trust.run(["enroll", HOST]);
    assert.equal(again.code, 1, "there is no receiver's configuration");
    assert.match(again.stderr, /got no token/);
    done(await trust.run(["enroll", HOST], pi.config));
    assert.equal((await Deno.stat(`${bundle}/token`)).mode! & 0o777, 0o640);
  },
});

Deno.test({
  ...needs("nothing that exists is overwritten, and each misuse says what to do", PARTS),
  async fn() {
    await using trust = await Trust.create();
    const early = await trust.run(["enroll", HOST]);
    assert.equal(early.code, 1);
    assert.match(early.stderr, /there is no authority in .*: .*pki\.sh init NAME\n$/);
    done(await trust.run(["init", "pi"]));
    done(await trust.run(["enroll", "--no-token", HOST]));
    const before = await tree(trust.root);
    for (
      const [args, code, says] of [
        [["init", "pi"], 0, /the authority in .* exists, and stays\n.*certificate in .* stays/],
        [["enroll", "--no-token", HOST], 1, /enrolled already: .* renew lab-host-01 makes/],
        [["renew", "nobody"], 1, /nobody was never enrolled here: .* enroll nobody\n$/],
        [["enroll", "../x"], 2, /\.\.\/x is no host/],
        [["enroll"], 2, /enroll needs one HOST/],
        [["init", "a b"], 2, /a b is neither a name nor an address/],
        [["--nope"], 2, /unknown option --nope/],
        [[], 2, /which command\?/],
      ] as const
    ) {
      const said = await trust.run(args);
      assert.equal(said.code, code, `${args}: ${said.stderr}`);
      assert.match(said.stderr, says);
    }
    assert.equal(await tree(trust.root), before);
    const { stdout } = await trust.run(["list"]);
    assert.match(stdout, /^valid +20\d\d-\d\d-\d\d +pi +[0-9A-F]+\nvalid +.* lab-host-01 /m);
    // The authority's key is for its owner alone.
    assert.equal((await Deno.stat(`${trust.root}/ca/private/ca.key`)).mode! & 0o077, 0);
    assert.equal((await Deno.stat(`${trust.root}/ca`)).mode! & 0o077, 0);
  },
});

async function run(command: string, ...args: string[]): Promise<Said> {
  const { code } = await new Deno.Command(command, { args }).output();
  return { code, stdout: "", stderr: command };
}

/** All files with their bytes' digests. */
async function tree(root: string): Promise<string> {
  const args = ["-c", 'cd "$0" && find . -type f ! -name .lock -exec sha256sum {} + | sort', root];
  const { stdout } = await new Deno.Command("sh", { args }).output();
  return new TextDecoder().decode(stdout);
}
