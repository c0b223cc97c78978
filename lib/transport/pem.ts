/** PEM files (RFC 7468): what is in them, and what is wrong with them, before the TLS library sees them. */
import { X509Certificate } from "node:crypto";

export type PemKind = "certificate" | "private key";

const LABEL: Readonly<Record<PemKind, string>> = {
  "certificate": "CERTIFICATE",
  "private key": "(?:RSA |EC )?PRIVATE KEY",
};

/** The blocks of one kind, in their order. */
export function pemBlocks(text: string, kind: PemKind): string[] {
  const label = LABEL[kind];
  return text.match(new RegExp(`-----BEGIN ${label}-----[^-]*-----END ${label}-----`, "g")) ?? [];
}

/** What keeps `text` from being a PEM file with a `kind` in it; undefined when nothing does. */
export function findPemFault(text: string, kind: PemKind): string | undefined {
  if (text.trim() === "") return "is empty";
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED/.test(text)) {
    return "is encrypted, and nobody is there to type a passphrase";
  }
  const begins = text.match(/-----BEGIN [A-Z0-9 ]+-----/g)?.length ?? 0;
  const ends = text.match(/-----END [A-Z0-9 ]+-----/g)?.length ?? 0;
  if (begins > ends || (begins === 0 && text.startsWith("-----"))) return "is half written";
  if (begins === 0) return "is not PEM";
  if (pemBlocks(text, kind).length === 0) return `holds no ${kind}`;
  return undefined;
}

/** Milliseconds since the epoch. */
export interface Validity {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** When a certificate in PEM is valid; undefined when it can't be read. */
export function findValidity(block: string): Validity | undefined {
  try {
    const { validFromDate, validToDate } = new X509Certificate(block);
    const validity = { fromMs: validFromDate.getTime(), untilMs: validToDate.getTime() };
    return Number.isNaN(validity.fromMs + validity.untilMs) ? undefined : validity;
  } catch {
    return undefined;
  }
}
