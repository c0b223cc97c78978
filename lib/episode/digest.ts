/** A sha256, as 64 lower-case hex digits. */
export type Digest = string & { readonly __brand: "Digest" };

const GRAMMAR = /^[0-9a-f]{64}$/;

export function findDigest(text: string): Digest | undefined {
  return GRAMMAR.test(text) ? text as Digest : undefined;
}

/** The digest of 32 raw bytes. Throws RangeError on another length: that is a bug of the caller. */
export function digestOfBytes(bytes: Uint8Array): Digest {
  if (bytes.byteLength !== 32) {
    throw new RangeError(`a sha256 has 32 bytes, not ${bytes.byteLength}`);
  }
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("") as Digest;
}
