/** Choices of a seeded run. */
import { seededRandom } from "../model/seeded_random.ts";

export class Dice {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  /** From 0 up to, not including, `below`. */
  int(below: number): number {
    return Math.floor(this.#random() * below);
  }

  chance(probability: number): boolean {
    return this.#random() < probability;
  }

  pick<T>(from: readonly T[]): T {
    const picked = from[this.int(from.length)];
    if (picked === undefined) throw new RangeError("nothing to pick from");
    return picked;
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.int(256));
  }

  /** A copy in which a few bytes are flipped, taken out, doubled or overwritten. */
  mangle(bytes: Uint8Array, times = 1 + this.int(4)): Uint8Array {
    let mangled = Uint8Array.from(bytes);
    for (let time = 0; time < times && mangled.byteLength > 0; time++) {
      const at = this.int(mangled.byteLength);
      const length = 1 + this.int(16);
      const [before, after] = [mangled.subarray(0, at), mangled.subarray(at + length)];
      const middle = mangled.subarray(at, at + length);
      mangled = this.pick([
        () => mangled.map((byte, i) => i === at ? byte ^ (1 << this.int(8)) : byte),
        () => join(before, after),
        () => join(before, middle, middle, after),
        () => join(before, this.bytes(length), after),
        () => mangled.slice(0, at),
        () => join(mangled, this.bytes(length)),
      ])();
    }
    return mangled;
  }
}

export function join(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}
