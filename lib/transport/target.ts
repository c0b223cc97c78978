/** The receiver's address. */

export interface Target {
  /** As configured, without a slash at the end. */
  readonly origin: string;
  /** A name, or an address without brackets. */
  readonly hostname: string;
  readonly port: number;
  readonly secure: boolean;
}

/** Throws TypeError when `url` is not an http or https URL: the configuration has checked it before. */
export function parseTarget(url: string): Target {
  const { protocol, hostname, port, origin } = new URL(url);
  const secure = protocol === "https:";
  if (!secure && protocol !== "http:") throw new TypeError(`${url}: not an http or https URL`);
  return {
    origin,
    hostname: hostname.replace(/^\[(.*)\]$/, "$1"),
    port: port === "" ? (secure ? 443 : 80) : Number(port),
    secure,
  };
}

/** For messages: `pi port 8443`. */
export function formatTarget({ hostname, port }: Target): string {
  return `${hostname} port ${port}`;
}
