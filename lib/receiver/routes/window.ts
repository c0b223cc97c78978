/** `GET /v1/window`: which commits are accepted now. No secret, so nobody needs a token for it. */
import { createHash } from "node:crypto";
import { formatWindow, type Window, WINDOW_PATH } from "../../wire/mod.ts";
import { windowUnknown } from "../admission.ts";
import type { Route } from "./route.ts";

export const window: Route = {
  path: WINDOW_PATH,
  methods: {
    GET: (parts, { request }) => {
      const window = parts.window.current();
      if (window === undefined) throw windowUnknown();
      const etag = etagOf(window);
      const headers = { etag, "cache-control": "no-cache" };
      if (matches(request.headers.get("if-none-match"), etag)) {
        return new Response(null, { status: 304, headers });
      }
      return new Response(formatWindow(window), {
        headers: { ...headers, "content-type": "application/json" },
      });
    },
  },
};

/** Without the time of reading: the same commits, read again, are the same window. */
function etagOf({ branch, source, commits }: Window): string {
  const hash = createHash("sha256").update(JSON.stringify([branch, source, commits]));
  return `"${hash.digest("base64url")}"`;
}

/** RFC 9110, section 13.1.2: a list, compared weakly. */
function matches(field: string | null, etag: string): boolean {
  if (field === null) return false;
  const tags = field.split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  return tags.includes("*") || tags.includes(etag);
}
