import assert from "node:assert/strict";
import fc from "fast-check";
import { linkStaysInside } from "./link.ts";

Deno.test("a link that stays inside by its text is taken", () => {
  for (
    const [path, target] of [
      ["latest", "run-1"],
      ["latest", "./run-1"],
      ["latest", "run-1//proc.jsonl"],
      ["latest", "run-1/"],
      ["a/latest", "../b"],
      ["a/b/latest", "../../c"],
      ["a/b/latest", ".././../c"],
      ["a/b/latest", "../.."],
      ["latest", "..."],
      ["latest", "..x/y"],
      ["latest", "."],
    ] as const
  ) assert(linkStaysInside(path, target), `${path} -> ${target}`);
});

Deno.test("a link that may leave is not", () => {
  for (
    const [path, target] of [
      ["latest", ""],
      ["latest", "/etc/passwd"],
      ["latest", "/"],
      ["latest", "a\0b"],
      ["latest", ".."],
      ["latest", "../other"],
      ["latest", "./../other"],
      ["a/latest", "../../other"],
      ["a/b/latest", "../../../c"],
      // run-1 may itself be a link, and then its `..` lies elsewhere.
      ["latest", "run-1/.."],
      ["a/latest", "b/../c"],
    ] as const
  ) assert(!linkStaysInside(path, target), `${path} -> ${target}`);
});

Deno.test("what is taken never leaves, resolved part by part", () => {
  const part = fc.constantFrom("..", ".", "", "a", "b");
  const path = fc.array(fc.constantFrom("a", "b"), { minLength: 1, maxLength: 4 });
  fc.assert(fc.property(path, fc.array(part, { maxLength: 8 }), (parts, target) => {
    let depth = parts.length - 1;
    let lowest = depth;
    for (const step of target) {
      if (step === "..") depth--;
      else if (step !== "" && step !== ".") depth++;
      lowest = Math.min(lowest, depth);
    }
    const stays = linkStaysInside(parts.join("/"), target.join("/"));
    assert(!stays || lowest >= 0, `${parts.join("/")} -> ${target.join("/")}`);
  }));
});
