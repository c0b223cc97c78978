/**
 * The files that mutual TLS needs, looked at before each use: they may not be there yet, may be replaced at any moment,
 * may be half written, may expire. The last good set stays in use until a better one is whole.
 */
import { type Clock, isFsError } from "../sys/mod.ts";
import { findPemFault, findValidity, pemBlocks, type PemKind, type Validity } from "./pem.ts";
import { findBundleFault, findPairFault } from "./tls_guard.ts";

export interface CertificatePaths {
  readonly caBundle: string;
  readonly clientCert: string;
  readonly clientKey: string;
}

/** PEM texts that have been tried and do no harm. A set that changed is another object. */
export interface CertificateSet {
  readonly caBundle: string;
  readonly pair: { readonly cert: string; readonly key: string };
}

export type Preflight =
  | {
    readonly kind: "ready";
    readonly set: CertificateSet;
    /** When the client certificate expires, in milliseconds since the epoch. */
    readonly expiresAtMs: number;
    /** What is wrong with the files on disk, while an older good set is in use. */
    readonly complaint: string | undefined;
  }
  | {
    readonly kind: "not-ready";
    /** `files`: missing, damaged or no pair. `early`: not valid yet by this clock. */
    readonly because: "files" | "early" | "expired";
    /** Begins with `certificate not ready`. */
    readonly why: string;
    /** The authorities, when they at least are good. */
    readonly caBundle: string | undefined;
  };

/** The whole of a small file. Throws FsError. */
export type ReadFile = (path: string, limitBytes: number) => Uint8Array;

type NotReady = Extract<Preflight, { kind: "not-ready" }>;

/** What is wrong now. */
interface Fault {
  readonly because: NotReady["because"];
  readonly words: string;
}

interface Period extends Validity {
  readonly path: string;
}

interface Judged {
  readonly set: CertificateSet | undefined;
  readonly caBundle: string | undefined;
  readonly fault: string | undefined;
  readonly periods: readonly Period[];
}

const LIMIT_BYTES = 1024 * 1024;

/** Watches one set of files by reading them: they are small, and a comparison of bytes misses no change. */
export class Certificates {
  #seen: { readonly texts: string; readonly judged: Judged } | undefined;
  #good: Judged | undefined;

  constructor(
    private readonly clock: Pick<Clock, "now">,
    private readonly readFile: ReadFile,
    private readonly paths: CertificatePaths,
  ) {}

  /** The set to use now. Never throws. */
  check(): Preflight {
    const judged = this.#judge();
    const fault = this.#faultNow(judged);
    if (fault === undefined) this.#good = judged;
    const good = this.#good;
    if (good?.set !== undefined && this.#faultNow(good) === undefined) {
      return {
        kind: "ready",
        set: good.set,
        expiresAtMs: good.periods.at(-1)?.untilMs ?? Infinity,
        complaint: fault === undefined ? undefined : notReady(fault.words),
      };
    }
    return {
      kind: "not-ready",
      because: fault?.because ?? "files",
      why: notReady(fault?.words ?? "no certificate"),
      caBundle: judged.caBundle,
    };
  }

  #judge(): Judged {
    const ca = this.#read(this.paths.caBundle, "certificate");
    const cert = this.#read(this.paths.clientCert, "certificate");
    const key = this.#read(this.paths.clientKey, "private key");
    const texts = JSON.stringify([ca, cert, key]);
    if (this.#seen?.texts === texts) return this.#seen.judged;
    const judged = judge(this.paths, ca, cert, key);
    this.#seen = { texts, judged };
    return judged;
  }

  #read(path: string, kind: PemKind): Pem {
    try {
      const text = new TextDecoder().decode(this.readFile(path, LIMIT_BYTES));
      const fault = findPemFault(text, kind);
      return fault === undefined ? { text } : { fault: `${path} ${fault}` };
    } catch (error) {
      return { fault: `${path} ${whyUnreadable(error)}` };
    }
  }

  /** Dates are judged anew each time: a certificate expires without a change of its file. */
  #faultNow({ fault, periods }: Judged): Fault | undefined {
    if (fault !== undefined) return { because: "files", words: fault };
    const now = this.clock.now();
    for (const { path, fromMs, untilMs } of periods) {
      if (now < fromMs) {
        const words = `${path} is not valid before ${
          date(fromMs)
        }, which is later than this host's clock: check the clock with timedatectl`;
        return { because: "early", words };
      }
      if (now > untilMs) {
        const words = `${path} expired on ${date(untilMs)}: have a new one issued`;
        return { because: "expired", words };
      }
    }
    return undefined;
  }
}

type Pem = { readonly text: string; readonly fault?: never } | {
  readonly fault: string;
  readonly text?: never;
};

function judge(paths: CertificatePaths, ca: Pem, cert: Pem, key: Pem): Judged {
  const bundleFault = ca.fault ?? withPath(paths.caBundle, findBundleFault(ca.text ?? ""));
  const caBundle = bundleFault === undefined ? ca.text : undefined;
  const faulty = (fault: string): Judged => ({ set: undefined, caBundle, fault, periods: [] });
  const fault = bundleFault ?? cert.fault ?? key.fault;
  if (fault !== undefined || caBundle === undefined || !cert.text || !key.text) {
    return faulty(fault ?? "no certificate");
  }
  const pairFault = findPairFault(cert.text, key.text);
  if (pairFault !== undefined) {
    return faulty(`${paths.clientCert} and ${paths.clientKey} ${pairFault}`);
  }
  const leaf = findValidity(pemBlocks(cert.text, "certificate")[0] ?? "");
  if (leaf === undefined) return faulty(`${paths.clientCert} is damaged: its dates can't be read`);
  const authorities = pemBlocks(caBundle, "certificate").flatMap((block) =>
    findValidity(block) ?? []
  );
  return {
    set: { caBundle, pair: { cert: cert.text, key: key.text } },
    caBundle,
    fault: undefined,
    periods: [...widest(paths.caBundle, authorities), { path: paths.clientCert, ...leaf }],
  };
}

/** A bundle is good while one of its authorities is. */
function widest(path: string, authorities: readonly Validity[]): Period[] {
  if (authorities.length === 0) return [];
  return [{
    path,
    fromMs: Math.min(...authorities.map(({ fromMs }) => fromMs)),
    untilMs: Math.max(...authorities.map(({ untilMs }) => untilMs)),
  }];
}

function withPath(path: string, fault: string | undefined): string | undefined {
  return fault === undefined ? undefined : `${path} ${fault}`;
}

function notReady(fault: string): string {
  return `certificate not ready: ${fault}`;
}

function whyUnreadable(error: unknown): string {
  if (isFsError(error, "gone")) return "is missing";
  if (isFsError(error, "denied")) return "can't be read: permission denied";
  if (isFsError(error)) return `can't be read (${error.errno})`;
  return `can't be read (${error instanceof Error ? error.message : String(error)})`;
}

/** RFC 3339 without the fraction. */
function date(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}
