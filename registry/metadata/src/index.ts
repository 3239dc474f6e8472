export { generateKeyPair, keyIdOf, publicKeyOf, signBytes, tufKeyOf, uploadBytes, verifyBytes } from './keys.ts'
export type { KeyPair, PublicKey } from './keys.ts'
export { formatExpiry, isHalfSpent, parseExpiry, secondsAfter } from './dates.ts'
export {
  archiveRoleOf, idPrefixPattern, isInPrefix, isReleaseVersion, maxArchives, overlaps, parseTargetPath, pathPatternOf, prefixOfPattern, publisherNamePattern,
  publisherOfArchive, publisherOfRole, roleNameOf, servedPathOf, targetPathOf,
} from './names.ts'
export {
  checkMetadata, encodeMetadata, maxMetadataBytes, parseRoot, parseSnapshot, parseTargets, parseTimestamp, signMetadata,
} from './metadata.ts'
export type { AnyMetadata } from './metadata.ts'
export { readStrictJson } from './json-text.ts'
export { maxTargetsPerRole } from './shape.ts'
export { archiveNameOf, buildPublisher, buildRelease, buildRoot, buildSnapshot, buildTargets, buildTimestamp, describeFile, topLevelRoles } from './build.ts'
export type { Delegation, PublisherContent, ReleaseEntry, RootKeys, TopLevelRole } from './build.ts'
export { maxPackageBytes, readRelease } from './releases.ts'
export { isRevokedBy, maxReasonLength, maxRevocations, readRevocations, revocationField, revocationsOf, writeRevocations } from './revocations.ts'
export type { Revocation } from './revocations.ts'
