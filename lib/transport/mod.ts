/**
 * The way to the receiver: certificates, requests, uploads in pieces, and what an answer is. Only this room
 * sends anything.
 */
export * from "./answer.ts";
export {
  type CertificatePaths,
  Certificates,
  type Preflight,
  type ReadFile,
} from "./certificates.ts";
export * from "./probe.ts";
export {
  createTransport,
  type LimitedTransport,
  type TransportOptions,
  type TransportParts,
  type WireParts,
} from "./transport.ts";
