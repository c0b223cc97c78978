/** A throw-away public key infrastructure, made by openssl in a directory of the test's own. */

const CONFIG = `[ca]
default_ca = own
[own]
dir = .
database = index.txt
serial = serial
new_certs_dir = issued
default_md = sha256
unique_subject = no
policy = any
[any]
organizationName = optional
commonName = optional
[leaf]
basicConstraints = CA:FALSE
`;

/** Paths of PEM files. */
export interface Leaf {
  readonly cert: string;
  readonly key: string;
}

/** One authority. `openssl` must be installed. */
export class Pki {
  private constructor(readonly directory: string) {}

  static async create(name: string): Promise<Pki> {
    const directory = await Deno.makeTempDir({ prefix: `cis490-pki-${name}-` });
    const pki = new Pki(directory);
    await Deno.mkdir(`${directory}/issued`);
    await Deno.writeTextFile(`${directory}/index.txt`, "");
    await Deno.writeTextFile(`${directory}/serial`, "01");
    await pki.#key("ca.key");
    await pki.#openssl(
      ...["req", "-x509", "-new", "-key", "ca.key", "-days", "3650", "-subj", `/CN=${name}`],
      ...["-out", "ca.crt"],
    );
    return pki;
  }

  get caBundle(): string {
    return `${this.directory}/ca.crt`;
  }

  /** A certificate for `name` and localhost; valid from yesterday for a year unless said. `subject` is `/CN=name`. */
  async issue(
    name: string,
    { from = addDays(-1), until = addDays(365), subject = `/CN=${name}` }: {
      from?: Date;
      until?: Date;
      subject?: string;
    } = {},
  ): Promise<Leaf> {
    const config = `${CONFIG}subjectAltName = DNS:${name}, DNS:localhost\n`;
    await Deno.writeTextFile(`${this.directory}/ca.cnf`, config);
    await this.#key(`${name}.key`);
    await this.#openssl(
      "req",
      "-new",
      "-key",
      `${name}.key`,
      "-subj",
      subject,
      "-out",
      "csr",
    );
    await this.#openssl(
      ...["ca", "-batch", "-config", "ca.cnf", "-cert", "ca.crt", "-keyfile", "ca.key", "-notext"],
      ...["-extensions", "leaf", "-in", "csr", "-out", `${name}.crt`],
      ...["-startdate", asn1(from), "-enddate", asn1(until)],
    );
    return { cert: `${this.directory}/${name}.crt`, key: `${this.directory}/${name}.key` };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.directory, { recursive: true });
  }

  async #key(file: string): Promise<void> {
    await this.#openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", file);
  }

  async #openssl(...args: string[]): Promise<void> {
    const { success, stderr } = await new Deno.Command("openssl", { args, cwd: this.directory })
      .output();
    if (!success) throw new Error(`openssl ${args[0]}: ${new TextDecoder().decode(stderr)}`);
  }
}

/** Today and `days` days; negative for the past. */
export function addDays(days: number): Date {
  return new Date(Date.now() + days * 86_400_000);
}

/** YYYYMMDDHHMMSSZ */
function asn1(date: Date): string {
  return date.toISOString().replaceAll(/[-:T]|\.\d+/g, "");
}
