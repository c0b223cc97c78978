/**
 * The receiver: takes episodes from lab hosts, verifies all of each, and acknowledges what no power cut can take back.
 *
 * A request meets the fence of app.ts and its route in routes/. A PUT goes through admission.ts, the list of checks
 * that headers alone decide; what is admitted comes whole (whole.ts) or in pieces (pieces.ts, then settle.ts), is judged by
 * verification.ts, along with its bytes where it can be (followers.ts), and stored by commit.ts in a store (store.ts says
 * what any store promises).
 */
export { type AppEnv, createApp } from "./app.ts";
export * from "./catalogue/catalogue.ts";
export { keepCatalogue } from "./catalogue/keeper.ts";
export { type IdentityParts, type ProxyTrust } from "./identity.ts";
export { listEpisodes, type Listing } from "./listing.ts";
export { exportEpisode, type ExportFs } from "./export.ts";
export { FIXED_LIMITS, type ReceiverLimits } from "./limits.ts";
export { type Meter, openMeter, type Readings, type SyncStep } from "./meter.ts";
export { type Changeable, createParts, type Parts, type ReceiverOptions } from "./parts.ts";
export * from "./reconcile.ts";
export { createReceiver, type Receiver } from "./receiver.ts";
export { askOwnSocket, askReady, checkSelf, type Readiness } from "./self_check.ts";
export {
  listen,
  type ListenAddress,
  ListenError,
  type Server,
  type ServerParts,
} from "./server.ts";
export * from "./scrub.ts";
export * from "./store.ts";
export { CATALOGUE_NAME } from "./store/layout.ts";
export { StoreError, type StoreErrorCode } from "./store_error.ts";
export { openPosixStore, type PosixStoreParts } from "./store/posix.ts";
export { PosixInventory } from "./store/inventory.ts";
export { openPosixView, type PosixView } from "./store/view.ts";
export {
  digestOfToken,
  formatToken,
  readTokens,
  type TokenRow,
  Tokens,
  TokensError,
  writeTokens,
} from "./tokens.ts";
