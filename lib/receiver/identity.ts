/**
 * Who asks: the certificate's name, as the proxy tells it, the token's host, and the host of the path, which must be
 * the same. The proxy is believed where nobody else could speak: on a unix socket that its group alone may use, or with
 * a secret shared with it.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { HostId } from "../episode/mod.ts";
import { HEADER } from "../wire/mod.ts";
import { Refusal } from "./refusal.ts";

/**
 * `token-alone`: there is no proxy, or it tells no name. `trusted`: whoever can connect is the proxy. `secret`: who
 * knows it is.
 */
export type ProxyTrust =
  | { readonly kind: "token-alone" }
  | { readonly kind: "trusted" }
  | { readonly kind: "secret"; readonly secret: string };

export interface IdentityParts {
  readonly proxy: ProxyTrust;
  readonly tokens: { findHost(token: string): HostId | undefined };
}

const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*) *$/i; // RFC 6750, section 2.1

/** The host that certificate and token name. Throws Refusal `unauthorized` or `wrong-host`. */
export function identify({ proxy, tokens }: IdentityParts, headers: Headers): HostId {
  const token = BEARER.exec(headers.get("authorization") ?? "")?.[1];
  if (token === undefined) throw unauthorized("Authorization carries no bearer token");
  const host = tokens.findHost(token);
  if (host === undefined) throw unauthorized("the token is not one of this receiver's");
  if (proxy.kind === "token-alone") return host;
  if (proxy.kind === "secret" && !isSame(headers.get(HEADER.proxySecret) ?? "", proxy.secret)) {
    throw new Refusal(
      "wrong-host",
      "the request did not come through the proxy, which alone can tell the certificate's name",
    );
  }
  const name = headers.get(HEADER.clientName);
  if (name === null) {
    throw new Refusal("wrong-host", "the proxy told no client certificate's name");
  }
  if (name !== host) {
    const shown = JSON.stringify(name.slice(0, 128));
    throw new Refusal("wrong-host", `the certificate is ${shown}'s, the token ${host}'s`);
  }
  return host;
}

/** Throws Refusal `wrong-host` when the path is another host's. */
export function checkPathHost(identified: HostId, host: HostId): void {
  if (identified === host) return;
  throw new Refusal("wrong-host", `the token is ${identified}'s, the path ${host}'s`);
}

function unauthorized(detail: string): Refusal {
  return new Refusal("unauthorized", detail, { headers: { "www-authenticate": "Bearer" } }); // RFC 9110, 11.6.1
}

/** Takes as long for a wrong secret as for the right one. */
function isSame(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
