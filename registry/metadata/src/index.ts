export { generateKeyPair, keyIdOf, publicKeyOf, signBytes, tufKeyOf, verifyBytes } from './keys.ts'
export type { KeyPair, PublicKey } from './keys.ts'
export { formatExpiry, isHalfSpent, parseExpiry, secondsAfter } from './dates.ts'
export {
  idPrefixPattern, isInPrefix, isReleaseVersion, overlaps, parseTargetPath, pathPatternOf, prefixOfPattern, publisherNamePattern, publisherOfRole,
  roleNameOf, servedPathOf, targetPathOf,
} from './names.ts'
export {
  checkMetadata, encodeMetadata, maxMetadataBytes, maxTargetsPerRole, parseRoot, parseSnapshot, parseTargets, parseTimestamp, signMetadata,
} from './metadata.ts'
export type { AnyMetadata } from './metadata.ts'
export { buildPublisher, buildRelease, buildRoot, buildSnapshot, buildTargets, buildTimestamp, describeFile, topLevelRoles } from './build.ts'
export type { Delegation, ReleaseEntry, RootKeys, TopLevelRole } from './build.ts'
export { maxPackageBytes, readRelease } from './releases.ts'
