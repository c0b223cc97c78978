import assert from "node:assert/strict";
import { readSmallFile } from "../sys/mod.ts";
import { needs } from "../../tests/skip.ts";
import { addDays, type Leaf, Pki } from "../../tests/tls/pki.ts";
import { type CertificatePaths, Certificates, type Preflight } from "./certificates.ts";

const OPENSSL = { commands: ["openssl"] };

/** Three files that a test replaces as an operator would. */
class Files implements AsyncDisposable {
  readonly paths: CertificatePaths;
  now = Date.now();
  readonly certificates: Certificates;

  private constructor(readonly directory: string, readonly pki: Pki) {
    this.paths = {
      caBundle: `${directory}/ca.crt`,
      clientCert: `${directory}/client.crt`,
      clientKey: `${directory}/client.key`,
    };
    this.certificates = new Certificates({ now: () => this.now }, readSmallFile, this.paths);
  }

  static async create(): Promise<Files> {
    return new Files(await Deno.makeTempDir({ prefix: "cis490-certs-" }), await Pki.create("good"));
  }

  async put(leaf: Leaf, caBundle = this.pki.caBundle): Promise<void> {
    await Deno.copyFile(caBundle, this.paths.caBundle);
    await Deno.copyFile(leaf.cert, this.paths.clientCert);
    await Deno.copyFile(leaf.key, this.paths.clientKey);
  }

  check(): Preflight {
    return this.certificates.check();
  }

  /** Why the files can't be used. */
  why(): string {
    const preflight = this.check();
    assert.equal(preflight.kind, "not-ready");
    const why = preflight.kind === "not-ready" ? preflight.why : "";
    assert.ok(why.startsWith("certificate not ready: "), why);
    return why.replace("certificate not ready: ", "").replaceAll(`${this.directory}/`, "");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.directory, { recursive: true });
    await this.pki[Symbol.asyncDispose]();
  }
}

Deno.test({
  ...needs("each fault of the certificate files is named in words", OPENSSL),
  async fn() {
    await using files = await Files.create();
    const { paths, pki } = files;
    assert.equal(files.why(), "ca.crt is missing");
    const good = await pki.issue("lab-host-01");
    await Deno.copyFile(pki.caBundle, paths.caBundle);
    assert.equal(files.why(), "client.crt is missing");
    await files.put(good);
    assert.equal(files.check().kind, "ready");

    // A new reader each time, since one that has seen a good set keeps it.
    const whyAfter = async (file: string, content: string | Uint8Array): Promise<string> => {
      await files.put(good);
      await Deno.writeFile(
        file,
        typeof content === "string" ? new TextEncoder().encode(content) : content,
      );
      const fresh = new Certificates({ now: () => files.now }, readSmallFile, paths).check();
      if (fresh.kind === "ready") return "ready";
      return fresh.why.replaceAll(`${files.directory}/`, "").replace("certificate not ready: ", "");
    };
    const text = await Deno.readTextFile(good.cert);
    const key = await Deno.readTextFile(good.key);
    assert.equal(await whyAfter(paths.caBundle, " \n"), "ca.crt is empty");
    assert.equal(await whyAfter(paths.clientCert, ""), "client.crt is empty");
    assert.equal(await whyAfter(paths.clientCert, "hello"), "client.crt is not PEM");
    assert.equal(await whyAfter(paths.clientCert, text.slice(0, 10)), "client.crt is half written");
    assert.equal(
      await whyAfter(paths.clientCert, text.slice(0, 300)),
      "client.crt is half written",
    );
    assert.equal(await whyAfter(paths.clientKey, key.slice(0, 90)), "client.key is half written");
    assert.equal(await whyAfter(paths.clientKey, text), "client.key holds no private key");
    assert.equal(await whyAfter(paths.clientCert, key), "client.crt holds no certificate");
    assert.match(
      await whyAfter(paths.clientKey, key.replaceAll("EC PRIVATE", "ENCRYPTED PRIVATE")),
      /^client.key is encrypted/,
    );
    assert.match(
      await whyAfter(paths.caBundle, text.replace(/\n.{60}/, "\nAAAA")),
      /^ca.crt is damaged/,
    );
    const other = await pki.issue("lab-host-02");
    assert.equal(
      await whyAfter(paths.clientKey, await Deno.readTextFile(other.key)),
      "client.crt and client.key do not belong together",
    );
    await Deno.remove(paths.clientKey);
    await Deno.mkdir(paths.clientKey);
    assert.match(
      new Certificates({ now: () => files.now }, readSmallFile, paths).check().kind,
      /not-ready/,
    );
  },
});

Deno.test({
  ...needs("a certificate that is not yet valid or has expired is told by its dates", OPENSSL),
  async fn() {
    await using files = await Files.create();
    await files.put(await files.pki.issue("early", { from: addDays(2) }));
    assert.match(files.why(), /^client.crt is not valid before \S+Z, .*check the clock/);
    files.now = addDays(3).getTime();
    assert.equal(files.check().kind, "ready");
    files.now = addDays(400).getTime();
    assert.match(files.why(), /^client.crt expired on \S+Z: have a new one issued/);
    files.now = addDays(4000).getTime();
    assert.match(files.why(), /^ca.crt expired on/);
  },
});

Deno.test({
  ...needs("a bad new pair is reported while the old one stays in use, until it expires", OPENSSL),
  async fn() {
    await using files = await Files.create();
    const old = await files.pki.issue("old", { until: addDays(10) });
    await files.put(old);
    const first = files.check();
    assert.equal(first.kind === "ready" && first.complaint, undefined);

    const renewed = await files.pki.issue("new");
    await Deno.copyFile(renewed.cert, files.paths.clientCert);
    const between = files.check();
    assert.ok(between.kind === "ready" && first.kind === "ready");
    assert.match(between.complaint ?? "", /do not belong together/);
    assert.equal(between.set, first.set);

    files.now = addDays(11).getTime();
    assert.match(files.why(), /do not belong together/);
    files.now = addDays(0).getTime();

    await Deno.copyFile(renewed.key, files.paths.clientKey);
    const after = files.check();
    assert.ok(after.kind === "ready" && after.complaint === undefined);
    assert.notEqual(after.set, first.set, "a new set, so that the client is built anew");
    assert.equal(files.check().kind === "ready" && after.set, after.set, "and then the same");

    await Deno.remove(files.paths.clientKey);
    const without = files.check();
    assert.ok(without.kind === "ready" && without.set === after.set);
    assert.match(without.complaint ?? "", /client.key is missing/);
  },
});

Deno.test({
  ...needs("no damaged byte of certificate or key aborts the process", OPENSSL),
  async fn() {
    // In a child: what this guards against ends the whole process.
    await using pki = await Pki.create("damage");
    const leaf = await pki.issue("lab-host-01");
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--allow-read", "--allow-net", DAMAGE, leaf.cert, leaf.key],
      env: { NO_COLOR: "1" },
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    const { refused, used } = JSON.parse(new TextDecoder().decode(stdout));
    assert.ok(refused > 100 && used > 50, `${refused} refused, ${used} used`);
  },
});

const DAMAGE = new URL("../../tests/tls/damage.ts", import.meta.url).pathname;
