/**
 * Archives: `<id>.tar.zst`, format 1. {@link pack} makes one of an episode's directory, {@link createPacker} does so in
 * workers, {@link createVerifier} checks one as its bytes arrive and tells what it holds. The receiver unpacks nothing; for
 * an operator an {@link Unpacker}, as a verifier's sink, writes down what has passed its rules.
 */
export { ArchiveError, type ArchiveProblem, type PackCode } from "./error.ts";
export { ARCHIVE_SUFFIX, FORMAT, MEDIA_TYPE_ARCHIVE } from "./format.ts";
export {
  digestEpisode,
  pack,
  type Packed,
  type PackFs,
  type PackHooks,
  type PackJob,
} from "./pack.ts";
export { createPacker, type Packer, type PackerOptions } from "./packer.ts";
export type { EntrySink, TarLimits } from "./tar_reader.ts";
export { Unpacker, type UnpackFs } from "./unpack.ts";
export { createVerifier, type Verified, type Verifier, type VerifyLimits } from "./verify.ts";
